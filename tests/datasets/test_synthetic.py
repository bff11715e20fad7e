"""The synthetic videos are deterministic, balanced and decodable; single frames do not tell the class."""

import json

import decord
import numpy as np
import pytest

from mmtin.datasets.synthetic import CLASSES, CLASSES_OF, DIFFICULTIES, write_dataset
from mmtin.datasets.synthetic.classes import PAIRS, QUANTITIES
from mmtin.datasets.synthetic.hard import object_course
from mmtin.errors import UserError
from tests.tools.in_process import run_here

EACH = pytest.mark.parametrize('difficulty', DIFFICULTIES)


def read_lists(root):
    return tuple((root / f'{split}.txt').read_text().splitlines() for split in ('train', 'val'))


@EACH
def test_data_set_is_whole_balanced_and_decodable(tmp_path, difficulty):
    write_dataset(tmp_path / 'demo', num_clips=24, num_val=8, seed=0, difficulty=difficulty)
    train, val = read_lists(tmp_path / 'demo')
    assert (tmp_path / 'demo/labels.txt').read_text().splitlines() == list(CLASSES_OF[difficulty])
    assert not {line.split()[0] for line in train} & {line.split()[0] for line in val}
    for lines, each in ((train, 2), (val, 1)):
        labels = [int(line.split()[1]) for line in lines]
        assert np.bincount(labels).tolist() == [each] * len(CLASSES)
    for line in train:
        reader = decord.VideoReader(str(tmp_path / 'demo' / line.split()[0]))
        assert reader.get_batch(range(len(reader))).shape[0] >= 16


@EACH
def test_same_seed_same_bytes_and_more_clips_change_none(tmp_path, difficulty):
    for name, num_clips, seed in (('a', 16, 1), ('b', 24, 1), ('c', 16, 2)):
        write_dataset(tmp_path / name, num_clips, num_val=8, seed=seed, difficulty=difficulty)
    train, val = read_lists(tmp_path / 'a')
    for line in train + val:
        name = line.split()[0]
        content = (tmp_path / 'a' / name).read_bytes()
        assert content == (tmp_path / 'b' / name).read_bytes()
        assert content != (tmp_path / 'c' / name).read_bytes()


@EACH
@pytest.mark.parametrize('label', range(0, len(CLASSES), 2), ids=lambda label: CLASSES[label])
def test_second_of_a_pair_is_the_first_backwards(difficulty, label):
    forwards, backwards = (
        DIFFICULTIES[difficulty](which, np.random.default_rng(7)) for which in (label, label + 1)
    )
    np.testing.assert_array_equal(forwards.frames, backwards.frames[::-1])
    assert forwards.fps == backwards.fps


def test_hard_clips_differ_in_length_rate_and_pace():
    clips = [DIFFICULTIES['hard'](0, np.random.default_rng(seed)) for seed in range(40)]
    assert len({clip.fps for clip in clips}) == 5
    lengths = [len(clip.frames) for clip in clips]
    assert min(lengths) >= 16 and max(lengths) <= 120 and max(lengths) > 3 * min(lengths)


@pytest.mark.parametrize('pair', PAIRS, ids=lambda pair: pair.forwards)
def test_one_lasting_change_tells_a_hard_pair_apart(pair):
    """From first to last frame the quantity of the class grows always, the others as often as not."""
    courses = [object_course(pair, 48, np.random.default_rng(seed)) for seed in range(200)]
    change = np.array([course[-3:].mean(0) - course[:3].mean(0) for course in courses])
    for column, quantity in enumerate(QUANTITIES):
        share = (change[:, column] > 0).mean()
        assert share > 0.95 if quantity == pair.quantity else 0.35 < share < 0.65, quantity
    # On its way it goes back: between many neighbouring samples it moves against its class.
    steps = np.diff([course[3::6, pair.column] for course in courses], axis=1)
    assert (steps < 0).mean() > 0.1


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
        return run_here('make_demo_data', '--out', 'demo', *args, cwd=tmp_path)

    assert '16 clips are in demo.' in make('--clips', '16', '--val-clips', '8').stdout
    assert 'nothing to do' in make('--clips', '16', '--val-clips', '8').stdout
    other = make('--clips', '24', '--val-clips', '8')
    assert other.returncode == 1
    assert 'holds something else' in other.stdout
    unbalanced = make('--clips', '17', '--val-clips', '8', '--force')
    assert unbalanced.returncode == 1
    assert 'multiples of 8' in unbalanced.stdout


def test_hard_set_is_asked_for_and_kept_apart(tmp_path):
    arguments = ('--difficulty', 'hard', '--clips', 16, '--val-clips', 8)
    result = run_here('make_demo_data', *arguments, cwd=tmp_path)
    assert '16 clips are in data/demo_hard.' in result.stdout
    made = tmp_path / 'data/demo_hard'
    assert json.loads((made / 'dataset.json').read_text())['difficulty'] == 'hard'
    assert not write_dataset(made, num_clips=16, num_val=8, seed=0, difficulty='hard')
    with pytest.raises(UserError, match='holds something else'):
        write_dataset(made, num_clips=16, num_val=8, seed=0)
