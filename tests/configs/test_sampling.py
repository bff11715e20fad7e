"""T uniform segments, one frame of each, whatever the length of the video."""

import functools

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from tests.configs.experiments import EXPERIMENTS

T = 8


@functools.cache
def config():
    return EXPERIMENTS[0].load()


def frames_of(num_frames: int, test: bool, seed: int = 0) -> np.ndarray:
    step = config().views['1x1'].sampling if test else config().sampling
    np.random.seed(seed)
    video = dict(total_frames=num_frames, start_index=0)
    return TRANSFORMS.build(dict(step, num_clips=T)).transform(video)['frame_inds']


@pytest.mark.parametrize('num_frames', [8, 15, 23, 24, 100])
def test_training_takes_a_random_frame_of_each_segment(num_frames):
    draws = np.stack([frames_of(num_frames, test=False, seed=seed) for seed in range(200)])
    # The segment of a frame; MMAction2's default would leave out up to T - 1 frames at the end.
    assert (np.floor(draws * T / num_frames + 1e-9) >= np.arange(T) - 1).all()
    assert (np.diff(draws, axis=1) >= 0).all()
    assert draws.min() == 0
    assert draws.max() == num_frames - 1


@pytest.mark.parametrize('num_frames', [8, 15, 24, 100])
def test_testing_takes_the_middle_of_each_segment(num_frames):
    expected = ((np.arange(T) + 0.5) * num_frames / T).astype(int)
    np.testing.assert_array_equal(frames_of(num_frames, test=True), expected)


@pytest.mark.parametrize('num_frames', [1, 3, 7])
@pytest.mark.parametrize('test', [False, True], ids=['training', 'testing'])
def test_short_videos_repeat_frames_in_order(num_frames, test):
    frames = frames_of(num_frames, test)
    assert len(frames) == T
    assert (np.diff(frames) >= 0).all()
    assert set(frames) <= set(range(num_frames))
    assert len(set(frames)) >= min(num_frames, 2)
