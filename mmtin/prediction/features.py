"""Features of the windows of videos, for temporal localisation."""

import mmap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from mmtin.datasets.video.packets import VideoError
from mmtin.datasets.video.truncation import is_cut_off
from mmtin.prediction.frames import last_seconds, open_file
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.predict import of_one_shape, one_thread
from mmtin.prediction.videos import NOT_FINITE, Fault, Video
from mmtin.prediction.windows import Window, cut_windows, even_spans, place_at, sliding_spans


@dataclass(frozen=True)
class Windows:
    """How a video is divided: ``count`` equal windows, or one of ``length`` every ``stride`` seconds."""

    count: int | None = None
    length: float = 2.0
    stride: float = 2.0

    def cut(self, path: Path, pipeline: TestPipeline) -> Iterator[tuple[Window, float]]:
        """The windows of a video file, each with the frames per second of its grid."""
        with open_file(path) as source:
            _require_whole(path)
            spans: Iterable[tuple[int, int]]
            if self.count:
                spans = even_spans(place_at(last_seconds(path), source.fps) + 1, self.count)
            else:
                spans = sliding_spans(self.length, self.stride, source.fps)
            exactly = self.count is not None
            for window in cut_windows(source.frames, source.fps, spans, pipeline, fill_all=exactly):
                yield window, source.fps


class Features(NamedTuple):
    """``values`` ``[num_windows, C]`` and ``seconds`` ``[num_windows, 2]``, start and end of each."""

    values: np.ndarray
    seconds: np.ndarray


class _Part(NamedTuple):
    """A message of a decoding process about a video, by its index: a window, its end, or a fault."""

    video: int
    window: Window | None = None
    fps: float = 0.0
    fault: Fault | None = None


class _Parts(IterableDataset):
    def __init__(self, videos: Sequence[Video], windows: Windows, pipeline: TestPipeline) -> None:
        self.videos = videos
        self.windows = windows
        self.pipeline = pipeline

    def __iter__(self) -> Iterator[_Part]:
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        for index in range(first, len(self.videos), step):
            fault = None
            try:
                for window, fps in self.windows.cut(self.videos[index].path, self.pipeline):
                    yield _Part(index, window, fps)
            except FileNotFoundError:
                fault = Fault('no such file')
            except Exception as error:  # a damaged file can raise anything
                fault = Fault.of(error)
            yield _Part(index, fault=fault)


def extract_features(
    model: nn.Module, videos: Sequence[Video], windows: Windows, batch_size: int = 8, num_workers: int = 0
) -> Iterator[tuple[int, Features | Fault]]:
    """Features of the windows of each video: the backbone's, averaged over height, width and frames.

    They are the input of the linear layer of a TSMHead, averaged over the frames of the clip (and its
    crops).

    Args:
        model: from :func:`mmtin.prediction.recognizer.load_recognizer`.
        videos: files of any length; each process holds the frames of a few windows.
        windows: how each video is divided.
        batch_size: windows that go through the network at once.
        num_workers: processes that decode.

    Yields:
        the index of a video, in the order in which they are done, and its features.
    """
    loader = DataLoader(
        _Parts(videos, windows, TestPipeline(model.cfg)),
        batch_size=batch_size,
        num_workers=num_workers,
        collate_fn=list,
        worker_init_fn=one_thread,
    )
    values: dict[int, list[Tensor]] = {}
    seconds: dict[int, list[tuple[float, float]]] = {}
    for parts in loader:
        pooled = iter(window_features(model, [part.window.sample for part in parts if part.window]))
        for part in parts:
            if part.window:
                values.setdefault(part.video, []).append(next(pooled))
                seconds.setdefault(part.video, []).append(
                    (part.window.start / part.fps, part.window.stop / part.fps)
                )
                continue
            rows, times = values.pop(part.video, []), seconds.pop(part.video, [])
            if part.fault:
                yield part.video, part.fault
            elif not all(row.isfinite().all() for row in rows):
                yield part.video, NOT_FINITE
            else:
                yield part.video, Features(torch.stack(rows).numpy(), np.array(times, np.float32))


@torch.inference_mode()
def window_features(model: nn.Module, samples: Sequence[dict]) -> list[Tensor]:
    """The features ``[C]`` of each sample of a test pipeline, on the CPU."""
    features = []
    for batch in of_one_shape(samples):
        inputs = model.data_preprocessor(pseudo_collate(batch))['inputs']
        maps, _ = model.extract_feat(inputs, stage='backbone', test_mode=True)
        maps = maps[-1] if isinstance(maps, tuple) else maps
        # Frames, crops and clips of a sample are along the first dimension.
        pooled = maps.float().flatten(2).mean(dim=2).unflatten(0, (len(batch), -1)).mean(dim=1)
        features.extend(pooled.cpu())
    return features


def _require_whole(path: Path) -> None:
    """Refuse a file that was cut off: windows after its end would repeat its last frame."""
    with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if is_cut_off(data):
            raise VideoError('the file is cut off: it ends before it says')
