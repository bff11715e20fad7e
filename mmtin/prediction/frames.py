"""Decode frames one after the other from a file, a pipe, an address or a camera.

At most one frame is in memory, except for a live source (:class:`mmtin.prediction.live.LiveFrames`).
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import av
import cv2
import numpy as np
from av.stream import Disposition

from mmtin.datasets.video.decoding import open_safely, upright
from mmtin.errors import UserError
from mmtin.prediction.clock import Clock, move, with_jumps
from mmtin.prediction.videos import Fault

_HIGHEST_RATE = 240  # frames per second; a header with more states the ticks of its clock
_USUAL_RATE = 25
_PATIENCE = 20  # seconds for an address to answer
_PIPE = 'standard input'
_LIVE = ('rtmp', 'rtp', 'rtsp', 'srt', 'udp')


@dataclass(frozen=True)
class Frame:
    """A frame, ``seconds`` after the first; ``rgb()`` returns its pixels: uint8 ``[H, W, 3]``, upright."""

    seconds: float
    rgb: Callable[[], np.ndarray]


@dataclass
class FrameSource:
    """Frames of a video in the order in which they are shown.

    Attributes:
        fps: frames per second, on average.
        frames: each of them.
        live: whether frames come in real time and do not wait to be fetched.
        clock: of the file.
    """

    fps: float
    frames: Iterator[Frame]
    live: bool = False
    clock: Clock = field(default_factory=Clock)


@contextmanager
def open_source(
    source: str, size: tuple[int, int] | None = None, fps: float | None = None
) -> Iterator[FrameSource]:
    """Open a source of ``tools/predict.py --stream``.

    Args:
        source: path of a video file; ``-`` for standard input, with any container that FFmpeg can read from
            a pipe (MPEG-TS, Matroska, NUT, Y4M); the number or device file of a camera; or an address,
            such as ``rtsp://...``, live or not.
        size: width and height of raw rgb24 frames on standard input, in pixels.
        fps: frames per second, needed with ``size``; else it overrides that of the video.

    Raises:
        UserError: if the source does not exist, holds no video or cannot be read.
    """
    if size and (source != '-' or not fps):
        raise UserError('raw frames come on standard input: give - as the video, and --fps with --size')
    if size and fps:
        opened = _raw(sys.stdin.buffer, size, fps)
    elif source == '-':
        opened = open_pipe(sys.stdin.buffer)
    elif source.isdecimal() or Path(source).is_char_device():
        opened = _camera(int(source) if source.isdecimal() else source)
    elif '://' in source:
        opened = _address(source)
    elif Path(source).exists() and not Path(source).is_dir():
        opened = open_file(Path(source))
    else:
        raise UserError(
            f'no video at {source}; --stream takes a file, -, the number of a camera or an address'
        )
    name = _PIPE if source == '-' else source
    with ExitStack() as stack:
        try:
            frames = stack.enter_context(opened)
        except (av.error.FFmpegError, ValueError) as error:
            raise _unreadable(name, error) from error
        frames.fps = fps or frames.fps
        frames.frames = _explained(frames.frames, name)
        yield frames


def _explained(frames: Iterator[Frame], name: str) -> Iterator[Frame]:
    try:
        yield from frames
    except (av.error.FFmpegError, ValueError) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> UserError:
    if isinstance(error, UserError):
        return error
    remedy = 'give one that FFmpeg plays'
    if name == _PIPE:
        remedy = 'send MPEG-TS, Matroska or NUT, since most MP4 files can be read from disk alone'
    return UserError(f'cannot read video from {name} ({Fault.of(error).reason}); {remedy}')


@contextmanager
def open_file(path: Path) -> Iterator[FrameSource]:
    """Open a video file, or a named pipe."""
    if path.is_file() and not path.stat().st_size:
        raise ValueError('empty file')  # FFmpeg fails to seek in it
    # An open file: FFmpeg would take a name with a colon for an address.
    with path.open('rb') as file, open_safely(file) as container:
        yield _decoding(container)


def last_seconds(path: Path) -> float:
    """When the last frame of a video file is shown, in seconds from the first, by its packets.

    Only the first is decoded. Headers also count frames that are hidden or dropped.

    Raises:
        av.error.FFmpegError or ValueError: if it is no video.
    """
    with open_file(path) as source:
        next(source.frames)
    with path.open('rb') as file, open_safely(file) as container:
        stream = _video_of(container)
        packets = _steady(container.demux(stream), source.fps, Clock())
        shown = (packet for packet in packets if packet.size and not packet.is_discard)
        times = [packet.pts if _has_times(container) else packet.dts for packet in shown]
        stated = [time for time in times if time is not None]
        if not stated:  # as in a file of H.264 without a container
            return (len(times) - 1) / source.fps
        return float(max(stated) * stream.time_base) - source.clock.start


@contextmanager
def open_pipe(pipe: BinaryIO) -> Iterator[FrameSource]:
    """Open a video that comes through a pipe."""
    # Unbuffered, so that a read returns what is there; a buffer would wait until it is full.
    with open_safely(getattr(pipe, 'raw', pipe)) as container:
        yield _decoding(container)


@contextmanager
def _address(address: str) -> Iterator[FrameSource]:
    with av.open(address, timeout=_PATIENCE, metadata_errors='replace') as container:
        source = _decoding(container)
        source.live = address.partition('://')[0].lower() in _LIVE
        yield source


@contextmanager
def _raw(pipe: BinaryIO, size: tuple[int, int], fps: float) -> Iterator[FrameSource]:
    width, height = size

    def frames() -> Iterator[Frame]:
        count = 0
        while len(data := pipe.read(3 * width * height)) == 3 * width * height:
            image = np.frombuffer(data, np.uint8).reshape(height, width, 3)
            yield Frame(count / fps, image.copy)
            count += 1
        if not count:
            raise ValueError('no frames')

    yield FrameSource(fps, frames())


@contextmanager
def _camera(device: int | str) -> Iterator[FrameSource]:
    capture = cv2.VideoCapture(device)
    if not capture.isOpened():
        raise UserError(f'no camera {device} that can be opened; see which there are under /dev/video*')

    def frames() -> Iterator[Frame]:
        read, image = capture.read()
        seconds, start = 0.0, monotonic()  # a camera may take a while to its first frame
        while read:
            yield Frame(seconds, partial(cv2.cvtColor, image, cv2.COLOR_BGR2RGB))
            read, image = capture.read()
            seconds = monotonic() - start

    try:
        yield FrameSource(_sensible(capture.get(cv2.CAP_PROP_FPS)) or _USUAL_RATE, frames(), live=True)
    finally:
        capture.release()


def _video_of(container: av.container.InputContainer) -> av.VideoStream:
    stream = container.streams.best('video')
    if not isinstance(stream, av.VideoStream) or stream.disposition & Disposition.attached_pic:
        raise ValueError('no video track')
    return stream


def _decoding(container: av.container.InputContainer) -> FrameSource:
    stream = _video_of(container)
    stream.thread_type = 'AUTO'
    rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    fps = next(filter(None, map(_sensible, rates)), _USUAL_RATE)
    clock = Clock()
    frames = _decoded(container, stream, fps, clock)
    return FrameSource(fps, frames, clock=clock)


def _sensible(rate: float | Fraction | None) -> float | None:
    return float(rate) if rate and 0 < rate <= _HIGHEST_RATE else None


def _has_times(container: av.container.InputContainer) -> bool:
    """Whether a file has times of frames.

    An AVI has places of packets, empty ones for dropped frames, and FFmpeg makes up times out of order.
    """
    return container.format.name != 'avi'


def _steady(packets: Iterable[av.Packet], fps: float, clock: Clock) -> Iterator[av.Packet]:
    """Packets of frames, whose times go on where the clock of the file jumps."""
    for packet, jump in with_jumps(packets):
        if jump:
            clock.shifts.append(clock.shifts[-1] - jump + 1 / fps)
        move(packet, clock.shifts[-1])
        yield packet


def _decoded(
    container: av.container.InputContainer, stream: av.VideoStream, fps: float, clock: Clock
) -> Iterator[Frame]:
    # Frames fill the places of packets in their own order.
    places = deque[float]()
    count, last = 0, 0.0
    for packet in _steady(container.demux(stream), fps, clock):
        if packet.dts is not None and not _has_times(container):
            places.append(float(packet.dts * packet.time_base))
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue  # a damaged packet loses its own frames alone
        for frame in frames:
            time = places.popleft() if places else frame.time
            last = last + 1 / fps if time is None else time
            clock.start = clock.start if count else last
            yield Frame(last - clock.start, partial(upright, frame))
            count += 1
    if not count:
        raise ValueError('no frames')
