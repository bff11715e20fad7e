"""Predict each of many video files, or along a long or live video."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import cv2
import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.recognizer import confidences, top_classes
from mmtin.prediction.videos import NOT_FINITE, Fault, Video
from mmtin.prediction.windows import Window


class PreparedClip(NamedTuple):
    """The sample that the test pipeline made from a video of ``num_frames`` frames."""

    sample: dict
    num_frames: int


class Scores(NamedTuple):
    """The prediction for a video: probabilities ``[classes]``, and the number of frames in the file."""

    scores: Tensor
    num_frames: int


class _VideoClips(Dataset):
    def __init__(self, videos: Sequence[Video], pipeline: TestPipeline) -> None:
        self.videos = videos
        self.pipeline = pipeline

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, index: int) -> PreparedClip | Fault:
        path = self.videos[index].path
        if not path.is_file():
            return Fault('no such file')
        if not path.stat().st_size:
            return Fault('empty file')
        try:
            return PreparedClip(*self.pipeline.whole_video(str(path)))
        except Exception as error:  # a damaged file can raise anything
            return Fault.of(error)


def predict_videos(
    model: nn.Module, videos: Sequence[Video], batch_size: int = 8, num_workers: int = 0
) -> Iterator[tuple[Video, Scores | Fault]]:
    """Predict each video through the test pipeline of ``model.cfg``, in order.

    At most 3 batches of clips per worker are in memory.

    Args:
        model: from :func:`mmtin.prediction.recognizer.load_recognizer`.
        videos: files.
        batch_size: videos that go through the network at once.
        num_workers: processes that decode.
    """
    loader = DataLoader(
        _VideoClips(videos, TestPipeline(model.cfg)),
        batch_size=batch_size,
        num_workers=num_workers,
        collate_fn=list,
        worker_init_fn=one_thread,
    )
    remaining = iter(videos)
    for batch in loader:
        good = [clip for clip in batch if isinstance(clip, PreparedClip)]
        scores = iter(predict_samples(model, [clip.sample for clip in good]))
        for clip in batch:
            if isinstance(clip, Fault):
                yield next(remaining), clip
                continue
            found = next(scores)
            finite = found.isfinite().all()
            yield next(remaining), Scores(found, clip.num_frames) if finite else NOT_FINITE


def predict_windows(
    model: nn.Module,
    windows: Iterable[Window],
    fps: float,
    names: Sequence[str],
    k: int = 5,
    smoothing: float = 0.5,
) -> Iterator[dict]:
    """Predict each window, and average the predictions up to it.

    Args:
        model: from :func:`mmtin.prediction.recognizer.load_recognizer`.
        windows: from :func:`mmtin.prediction.windows.cut_windows`.
        fps: frames per second of their grid.
        names: of the classes, in label order.
        k: number of classes to name.
        smoothing: a in (0, 1], the share of the newest window: with p the probabilities of window i,
            s[i] = a * p[i] + (1 - a) * s[i - 1] and s[0] = p[0]; 1 does not smooth.

    Yields:
        ``start`` and ``end`` in seconds from the first frame, ``predictions`` and ``smoothed`` as
        :func:`mmtin.prediction.recognizer.top_classes` gives them.

    Raises:
        UserError: if a score is not finite.
    """
    smooth = None
    for window in windows:
        (scores,) = predict_samples(model, [window.sample])
        smooth = scores if smooth is None else smoothing * scores + (1 - smoothing) * smooth
        yield dict(
            start=round(window.start / fps, 3),
            end=round(window.stop / fps, 3),
            predictions=top_classes(scores, names, k),
            smoothed=top_classes(smooth, names, k),
        )


@torch.inference_mode()
def predict_samples(model: nn.Module, samples: Sequence[dict]) -> list[Tensor]:
    """Probabilities ``[classes]`` for each sample of a test pipeline."""
    return [
        confidences(model, result.pred_score)
        for batch in of_one_shape(samples)
        for result in model.test_step(pseudo_collate(batch))
    ]


def of_one_shape(samples: Sequence[dict]) -> list[list[dict]]:
    """The samples as one batch, or one by one if their sizes differ."""
    if len({sample['inputs'].shape for sample in samples}) <= 1:
        return [list(samples)] if samples else []
    return [[sample] for sample in samples]


def one_thread(worker: int) -> None:
    """Limit a decoding process to one thread, so that it leaves the other cores to others."""
    cv2.setNumThreads(0)
