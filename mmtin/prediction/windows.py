"""Sliding windows over a video of any length; only the frames sampled from them are in memory."""

import functools
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import floor

from mmtin.prediction.frames import Frame
from mmtin.prediction.pipeline import TestPipeline

# How much too early a frame may be, of the time between two places. Just less than half, and between the
# fractions with small denominators: frames at a regular rate go to places at regular distances, though
# their times are rounded.
_EARLY = 0.477


@dataclass(frozen=True)
class Window:
    """A part of a video: frames ``start`` to ``stop`` of a regular grid, and the sample made from them."""

    start: int
    stop: int
    sample: dict


@dataclass
class _Open:
    """A window that still waits for frames; ``frames`` are those sampled so far, by place."""

    start: int
    length: int
    sampled: dict
    frames: dict[int, dict] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wanted = frozenset(self.sampled['frame_inds'].tolist())


def sliding_spans(length: float, stride: float, fps: float) -> Iterator[tuple[int, int]]:
    """Endless ``start, length`` of windows, in frames; ``length`` and ``stride`` are in seconds."""
    length, stride = (max(1, round(seconds * fps)) for seconds in (length, stride))
    return ((start, length) for start in itertools.count(0, stride))


def even_spans(num_frames: int, num_windows: int) -> list[tuple[int, int]]:
    """``start, length`` in frames of windows that divide a video; in a short video they overlap."""
    edges = [num_frames * place // num_windows for place in range(num_windows + 1)]
    return [(start, max(1, stop - start)) for start, stop in itertools.pairwise(edges)]


def place_at(seconds: float, fps: float) -> int:
    """The place on the grid of a frame that is so many seconds after the first."""
    return floor(seconds * fps + _EARLY)


def cut_windows(
    frames: Iterable[Frame],
    fps: float,
    spans: Iterable[tuple[int, int]],
    pipeline: TestPipeline,
    fill_all: bool = False,
) -> Iterator[Window]:
    """Yield the sample of each window of a video as soon as its last frame is there.

    Frames are put on a regular grid of ``fps`` that begins with the first of them: a frame lasts until the
    next one; of several frames at one place the first counts. Only the frames that the test pipeline
    samples are kept, shrunk.

    At the end of the video, a last window that is at least half filled, or the only one, is completed with
    the last frame; its ``stop`` is the end of the video.

    Args:
        frames: in the order in which they are shown.
        fps: frames per second of the grid.
        spans: ``start, length`` of the windows, in frames of the grid, by start.
        pipeline: of the config.
        fill_all: make every window of ``spans``, which must be finite, even if the video is shorter.
    """
    sampled = functools.cache(lambda length: pipeline.sampled(length, fps))
    coming = iter(spans)
    following = next(coming, None)
    waiting: deque[_Open] = deque()
    made = False
    slot = -1
    for slot, shrunk in on_grid(frames, fps, pipeline):
        while following and following[0] <= slot:
            waiting.append(_Open(*following, sampled(following[1])))
            following = next(coming, None)
        for window in waiting:
            if slot - window.start in window.wanted:
                window.frames[slot - window.start] = shrunk()
        while waiting and slot + 1 >= waiting[0].start + waiting[0].length:
            yield _close(waiting.popleft(), slot + 1, pipeline, shrunk)
            made = True
    if slot < 0:
        return
    if fill_all:
        while following:
            waiting.append(_Open(*following, sampled(following[1])))
            following = next(coming, None)
        for window in waiting:
            yield _close(window, slot + 1, pipeline, shrunk)
    elif waiting and (not made or 2 * (slot + 1 - waiting[0].start) >= waiting[0].length):
        yield _close(waiting[0], slot + 1, pipeline, shrunk)


def _close(window: _Open, end: int, pipeline: TestPipeline, last) -> Window:
    inds = window.sampled['frame_inds'].tolist()
    clip = [window.frames[place] if place in window.frames else last() for place in inds]
    stop = min(window.start + window.length, end)
    return Window(min(window.start, stop), stop, pipeline.pack(window.sampled, clip))


def on_grid(
    frames: Iterable[Frame], fps: float, pipeline: TestPipeline
) -> Iterator[tuple[int, Callable[[], dict]]]:
    """Yield each place of the grid and a function that returns its shrunk frame and shrinks it once.

    The first frame that comes is at place 0; a live source may have dropped some before it.
    """
    slot = -1
    start: float | None = None
    previous: _Shrunk | None = None
    for frame in frames:
        start = frame.seconds if start is None else start
        place = place_at(frame.seconds - start, fps)
        if place <= slot:
            continue
        for hole in range(slot + 1, place):
            assert previous is not None, 'the first frame is at place 0'
            yield hole, previous
        slot, previous = place, _Shrunk(frame, pipeline)
        yield slot, previous


class _Shrunk:
    def __init__(self, frame: Frame, pipeline: TestPipeline) -> None:
        self._frame: Frame | None = frame
        self._pipeline = pipeline
        self._result: dict | None = None

    def __call__(self) -> dict:
        if self._result is None:
            self._result = self._pipeline.shrink(self._frame.rgb())
            self._frame = None  # frees the picture in full size
        return self._result
