"""The demo's videos: deterministic, balanced, decodable, and blind in single frames."""

import subprocess
import sys
from pathlib import Path

import decord
import numpy as np
import pytest

from mmtin.datasets.synthetic import CLASSES, render_clip, write_dataset
from mmtin.errors import UserError

TOOL = Path(__file__).parents[2] / 'tools/make_demo_data.py'


def read_lists(root):
    return tuple((root / f'{split}.txt').read_text().splitlines() for split in ('train', 'val'))


def test_data_set_is_whole_balanced_and_decodable(tmp_path):
    write_dataset(tmp_path / 'demo', num_clips=24, num_val=8, seed=0)
    train, val = read_lists(tmp_path / 'demo')
    assert (tmp_path / 'demo/labels.txt').read_text().splitlines() == list(CLASSES)
    assert not {line.split()[0] for line in train} & {line.split()[0] for line in val}
    for lines, each in ((train, 2), (val, 1)):
        labels = [int(line.split()[1]) for line in lines]
        assert np.bincount(labels).tolist() == [each] * len(CLASSES)
    for line in train:
        reader = decord.VideoReader(str(tmp_path / 'demo' / line.split()[0]))
        assert reader.get_batch(range(len(reader))).shape[0] >= 16


def test_same_seed_same_bytes_and_more_clips_change_none(tmp_path):
    write_dataset(tmp_path / 'a', num_clips=16, num_val=8, seed=1)
    write_dataset(tmp_path / 'b', num_clips=24, num_val=8, seed=1)
    write_dataset(tmp_path / 'c', num_clips=16, num_val=8, seed=2)
    train, val = read_lists(tmp_path / 'a')
    for line in train + val:
        name = line.split()[0]
        content = (tmp_path / 'a' / name).read_bytes()
        assert content == (tmp_path / 'b' / name).read_bytes()
        assert content != (tmp_path / 'c' / name).read_bytes()


@pytest.mark.parametrize('label', range(0, len(CLASSES), 2), ids=lambda label: CLASSES[label])
def test_second_of_a_pair_is_the_first_backwards(label):
    forwards = render_clip(label, np.random.default_rng(7))
    backwards = render_clip(label + 1, np.random.default_rng(7))
    np.testing.assert_array_equal(forwards, backwards[::-1])


def test_other_content_is_never_overwritten(tmp_path):
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/thesis.txt').write_text('all of it')
    with pytest.raises(UserError, match='holds something else'):
        write_dataset(tmp_path / 'mine', num_clips=16, num_val=8, seed=0)
    assert (tmp_path / 'mine/thesis.txt').read_text() == 'all of it'


def test_interrupted_making_leaves_nothing(tmp_path):
    def stop(clips):
        yield next(clips)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / 'demo', num_clips=16, num_val=8, seed=0, track=stop)
    assert list(tmp_path.iterdir()) == []


def test_command_is_idempotent_and_checks_its_arguments(tmp_path):
    def make(*args):
        return subprocess.run(
            [sys.executable, TOOL, '--out', tmp_path / 'demo', *args], text=True, capture_output=True
        )

    assert '16 clips are in' in make('--clips', '16', '--val-clips', '8').stdout
    assert 'nothing to do' in make('--clips', '16', '--val-clips', '8').stdout
    other = make('--clips', '24', '--val-clips', '8')
    assert other.returncode == 1
    assert 'holds something else' in other.stderr
    unbalanced = make('--clips', '17', '--val-clips', '8', '--force')
    assert unbalanced.returncode == 1
    assert 'multiples of 8' in unbalanced.stderr
