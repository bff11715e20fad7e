"""The lists of a division stay as they were first written."""

import pytest

from mmtin.datasets.annotations import LabelledClip
from mmtin.datasets.own import OwnVideos, read_split, write_split
from mmtin.errors import UserError


def videos(root, name):
    clips = [LabelledClip(f'{name} {number}.mp4', (number % 2,)) for number in range(5)]
    return OwnVideos(('run', 'walk'), root, clips[:3], clips[3:])


def test_what_is_written_is_read(tmp_path):
    split = write_split(tmp_path / 'work/split', videos(tmp_path, 'a'), dict(seed=3))
    assert split == read_split(tmp_path / 'work/split')
    assert (split.classes, split.media, split.source) == (('run', 'walk'), tmp_path, dict(seed=3))
    assert (split.counts, split.num_train, split.num_val, split.multi_label) == ((2, 1), 3, 2, False)


def test_first_of_several_processes_wins(tmp_path):
    write_split(tmp_path / 'split', videos(tmp_path, 'first'), dict(seed=0))
    write_split(tmp_path / 'split', videos(tmp_path, 'second'), dict(seed=0))
    assert 'first' in (tmp_path / 'split/train.txt').read_text()
    assert [path.name for path in tmp_path.iterdir()] == ['split']


def test_damage_is_one_sentence(tmp_path):
    write_split(tmp_path / 'split', videos(tmp_path, 'a'), dict(seed=0))
    (tmp_path / 'split/train.txt').write_text('a 0.mp4\tfirst\n')
    with pytest.raises(UserError, match=r'split is damaged .*; remove it, and the videos are divided anew'):
        read_split(tmp_path / 'split')
