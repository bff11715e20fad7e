"""Predictions of many files of different kinds, good and bad ones."""

import copy
import math

import pytest
import torch

from mmtin.errors import UserError
from mmtin.prediction.frames import open_file
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.predict import Scores, predict_videos
from mmtin.prediction.recognizer import top_classes
from mmtin.prediction.videos import NOT_FINITE, Fault, Video
from mmtin.prediction.windows import cut_windows
from tests.prediction.small_recognizer import moving_frames, turn, write_video


def in_one_window(path, model):
    """The sample of the whole video, as a stream is cut: decoded frame by frame, with PyAV."""
    pipeline = TestPipeline(model.cfg)
    with open_file(path) as source:
        (window,) = cut_windows(source.frames, source.fps, [(0, 30)], pipeline, fill_all=True)
    return window.sample['inputs'], pipeline.whole_video(str(path))[0]['inputs']


def test_order_and_faults(tmp_path, model):
    for index in range(5):
        write_video(tmp_path / f'{index}.mp4', moving_frames(14, seed=index))
    whole = (tmp_path / '1.mp4').read_bytes()
    (tmp_path / 'cut.mp4').write_bytes(whole[: len(whole) // 3])
    (tmp_path / 'empty.mp4').touch()
    (tmp_path / 'text.mp4').write_text('no video')
    names = ['0', 'cut', '1', 'text', 'empty', '2', 'missing', '3', '4']
    videos = [Video(name, tmp_path / f'{name}.mp4') for name in names]

    results = list(predict_videos(model, videos, batch_size=2, num_workers=2))
    assert [video.name for video, _ in results] == names
    bad = {video.name: result.reason for video, result in results if isinstance(result, Fault)}
    assert sorted(bad) == ['cut', 'empty', 'missing', 'text'] and all(bad.values())
    for video, result in results:
        if isinstance(result, Scores):
            ((_, alone),) = predict_videos(model, [video])
            torch.testing.assert_close(result.scores, alone.scores, rtol=1e-4, atol=1e-5)
            assert result.num_frames == 14


@pytest.mark.parametrize(
    'suffix, codec, pix_fmt',
    [
        ('mp4', 'libx264', 'yuv444p'),
        ('mkv', 'ffv1', 'gray'),
        ('avi', 'mpeg4', 'yuv420p'),
        ('mp4', 'libx264', 'yuv420p10le'),
        ('ts', 'mpeg2video', 'yuv420p'),
        ('mkv', 'ffv1', 'bgra'),
    ],
)
def test_odd_pixel_formats(tmp_path, model, suffix, codec, pix_fmt):
    path = write_video(tmp_path / f'clip.{suffix}', moving_frames(30), codec=codec, pix_fmt=pix_fmt)
    streamed, whole = in_one_window(path, model)
    assert whole.shape == (4, 3, 32, 32)
    assert torch.equal(streamed, whole)
    assert whole.float().std() > 20


def test_turned_by_metadata(tmp_path, model):
    """A video that a telephone took upright is upright, as in players."""
    flat = write_video(tmp_path / 'flat.mp4', moving_frames(30, 64, 48))
    streamed, whole = in_one_window(turn(flat, tmp_path / 'turned.mp4', 64, 48), model)
    upright = write_video(
        tmp_path / 'upright.mp4', (f.swapaxes(0, 1)[:, ::-1] for f in moving_frames(30, 64, 48))
    )
    _, wanted = in_one_window(upright, model)
    # Two encodings of one picture; the flat one differs much more.
    assert (whole.float() - wanted.float()).abs().mean() < 6
    assert (streamed.float() - wanted.float()).abs().mean() < 6
    assert (in_one_window(flat, model)[1].float() - wanted.float()).abs().mean() > 20


def test_shorter_than_a_clip(tmp_path, model):
    path = write_video(tmp_path / 'short.mp4', moving_frames(2))
    ((_, result),) = predict_videos(model, [Video('short', path)])
    assert result.num_frames == 2
    assert result.scores.sum() == pytest.approx(1, abs=1e-5)


def test_scores_that_are_not_finite_are_a_fault(tmp_path, model):
    videos = [Video(f'{index}.mp4', tmp_path / f'{index}.mp4') for index in range(2)]
    for video in videos:
        write_video(video.path, moving_frames(14))
    faulty = copy.deepcopy(model)
    faulty.cls_head.register_forward_hook(
        lambda head, features, scores: scores.index_fill(0, torch.tensor(0), math.nan)
    )
    (_, first), (_, second) = predict_videos(faulty, videos)
    assert first == NOT_FINITE and isinstance(second, Scores)
    with pytest.raises(UserError, match=r'NaN or infinite.*give another checkpoint, or compute in float32'):
        top_classes(torch.tensor([0, math.inf]), ['a', 'b'])
