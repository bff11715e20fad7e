"""Loading is checked before it is timed, and counts the clips."""

import sys

import numpy as np
import pytest

from mmtin.benchmarking.loading import loading_subjects, moving_texture
from mmtin.datasets import VideoDecode
from mmtin.datasets.synthetic.classes import SyntheticClip
from mmtin.datasets.synthetic.drawing import write_video
from mmtin.errors import UserError


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / 'videos'
    folder.mkdir()
    for seed in range(3):
        write_video(folder / f'{seed}.mp4', SyntheticClip(moving_texture(64, 48, 20, seed), 10))
    return folder


def test_every_subject_loads_every_clip(videos):
    subjects = loading_subjects(videos, num_segments=4)
    assert list(subjects)[:4] == [
        'train, videos, stock', 'train, videos, 2 workers, stock',
        'train, videos, fast', 'train, videos, 2 workers, fast',
    ]  # fmt: skip
    assert len(subjects) == 8
    assert {name: subject() for name, subject in subjects.items()} == dict.fromkeys(subjects, 3)


def test_wrong_frames_are_not_timed(videos, monkeypatch):
    right = VideoDecode._decord_load_frames
    monkeypatch.setattr(
        VideoDecode, '_decord_load_frames', lambda self, video, inds: right(self, video, np.roll(inds, 1))
    )
    with pytest.raises(UserError, match=r'0\.mp4: pixels differ by \d+ of 255'):
        loading_subjects(videos, num_segments=4)


def test_decoder_that_is_not_installed(videos, monkeypatch):
    monkeypatch.setitem(sys.modules, 'torchcodec', None)
    with pytest.raises(UserError, match='torchcodec does not import; install'):
        loading_subjects(videos, num_segments=4, others=['torchcodec'])


def test_folder_without_videos(tmp_path):
    with pytest.raises(UserError, match='no videos'):
        loading_subjects(tmp_path, num_segments=4)
