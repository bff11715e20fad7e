"""Decode the frames of a clip from a video, and as few others as its format allows.

Most of the time to load a clip goes into decoding frames that are not used: a clip has 8 or 16 of some
hundred frames, and each is predicted from those before it. :class:`VideoInit` and :class:`VideoDecode`
replace MMAction2's DecordInit and DecordDecode, around any transform that samples frames, and return the
same frames and pixels faster, by PyAV.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from mmaction.datasets.transforms import DecordDecode
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine import fileio

from mmtin.datasets.video.packets import Packets, VideoError, read_packets
from mmtin.datasets.video.truncation import is_cut_off

# Of FFmpeg, for files whose origin is not known.
_SAFE = {
    'protocol_whitelist': 'none',  # a playlist that poses as a video would open other files and sockets
    'max_pixels': str(8192 * 4320),
}
_STRICT = {'err_detect': 'explode'}  # no frame is guessed if the file is damaged
# FFmpeg skips frames that no frame of their own layer needs, although frames of other layers may.
_NOT_SKIPPED = {'hevc'}


@dataclass(frozen=True, eq=False)
class VideoStream:
    """A video file in memory, read but not decoded.

    ``num_frames`` counts the frames that a player shows; ``fps``, their average rate, is 0 if not known;
    ``width`` and ``height``, before a rotation, are those that the file begins with.
    """

    data: bytes
    num_frames: int
    fps: float
    width: int
    height: int
    packets: Packets
    codec: av.VideoCodecContext

    def __reduce__(self) -> tuple:
        return open_video, (self.data,)


def open_safely(file: BinaryIO, **options: str) -> av.container.InputContainer:
    """Open a video with PyAV so that it cannot open anything else; ``options`` are FFmpeg's.

    Raises:
        av.FFmpegError: if it is no video.
    """
    # Titles may have any encoding.
    return av.open(file, 'r', options=_SAFE | options, metadata_errors='replace')


def open_video(data: bytes) -> VideoStream:
    """Read a video file of any format that FFmpeg knows.

    Raises:
        VideoError: if it is no video, has no frames, or ends too early.
    """
    if is_cut_off(data):
        raise VideoError('the file is cut off: it ends before it says')
    try:
        with open_safely(BytesIO(data), **_STRICT) as container:
            stream = container.streams.best('video')
            if stream is None or stream.disposition & Disposition.attached_pic:
                raise VideoError('no video in the file')
            codec, rate = stream.codec_context, stream.average_rate or stream.guessed_rate
            if codec is None:
                raise VideoError('a video of a format that FFmpeg does not know')
            packets = read_packets(container, stream, len(data))
        # Clips are loaded in parallel: more threads would compete with the other workers.
        codec.thread_count = 1
        codec.options = {'max_pixels': _SAFE['max_pixels'], **_STRICT}
        codec.open()
    except av.FFmpegError as error:
        raise VideoError(f'no video that can be read ({error.strerror})') from error
    # Those of the codec follow a video whose size changes.
    size = codec.width, codec.height
    return VideoStream(data, len(packets.display), float(rate or 0), *size, packets, codec)


def decode_frames(video: VideoStream, frame_inds: np.ndarray) -> np.ndarray:
    """The frames ``frame_inds`` ``[M]`` of a video: uint8 ``[M, H, W, 3]``, RGB, upright.

    Decoding starts at the key frame before each wanted frame and ends with that frame. Frames in between
    are skipped if they are marked as never predicted from.

    The pixels are the same as if all frames were decoded in turn. decord's are the same, except for
    differences of 1 of 255 in MPEG-4 Part 2. In some of HMDB51's files decord 0.6.0 returns wrong frames,
    off by 1 or by whole groups of pictures.

    Raises:
        VideoError: if one of the frames cannot be decoded; none is repeated or guessed instead.
        IndexError: if the video has no frame of that index.
    """
    packets = video.packets.display[frame_inds].tolist()
    wanted = set(packets)
    frames = {}
    try:
        with suppress(av.FFmpegError):
            frames = _decode(video, video.packets.runs(wanted), wanted, can_skip=True)
        if frames.keys() < wanted:
            # Decoding cannot start at every frame that a file calls a key frame.
            frames = _decode(video, [range(len(video.packets.items))], wanted, can_skip=False)
    except av.FFmpegError as error:
        raise VideoError(f'the video is damaged ({error.strerror})') from error
    for index, packet in zip(frame_inds, packets):
        if packet not in frames:
            raise VideoError(f'the video is damaged: frame {index} of {video.num_frames} cannot be decoded')
    return np.stack([frames[packet] for packet in packets])


def _decode(
    video: VideoStream, runs: list[range], wanted: set[int], can_skip: bool
) -> dict[int, np.ndarray]:
    """Decode runs of packets; return the wanted frames that are whole, ``[H, W, 3]`` RGB."""
    codec, in_order = video.codec, video.packets.ranks is None
    can_skip = can_skip and not in_order and codec.name not in _NOT_SKIPPED
    reformatter, frames = VideoReformatter(), {}
    names = iter(video.packets.display.tolist())
    for run in runs:
        for frame in _decode_run(video, run, wanted if can_skip else set(run)):
            packet = next(names, None) if in_order else frame.pts
            if packet in wanted and not frame.is_corrupt:
                frames[packet] = upright(frame, reformatter, video.width, video.height)
    return frames


def upright(
    frame: av.VideoFrame,
    reformatter: VideoReformatter | None = None,
    width: int | None = None,
    height: int | None = None,
) -> np.ndarray:
    """RGB ``[H, W, 3]``, uint8, of a decoded frame, rotated by its metadata as players do.

    Args:
        frame: of any pixel format.
        reformatter: converter to reuse for several frames.
        width, height: in pixels, before the rotation; by default its own.
    """
    # Bicubic as in decord; it matters for colours that 2 x 2 pixels share.
    rgb = (reformatter or VideoReformatter()).reformat(
        frame, width, height, 'rgb24', interpolation='BICUBIC', threads=1
    )
    return np.rot90(rgb.to_ndarray(), frame.rotation // 90)


def _decode_run(video: VideoStream, run: range, needed: set[int]) -> Iterator[av.VideoFrame]:
    """The frames of consecutive packets, without those that are neither wanted nor predicted from."""
    codec = video.codec
    try:
        for packet in run:
            codec.skip_frame = 'DEFAULT' if packet in needed else 'NONREF'
            yield from codec.decode(video.packets.items[packet])
        yield from codec.decode(None)
    finally:
        codec.flush_buffers()


@TRANSFORMS.register_module()
class VideoInit(BaseTransform):
    """Replaces MMAction2's DecordInit, with :class:`VideoDecode` after the sampling.

    Reads ``filename``; adds ``video_reader`` (a :class:`VideoStream`), ``total_frames`` and ``avg_fps``.

    Args:
        backend_args: where files are, as in :func:`mmengine.fileio.get`; by default on disk.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        video = open_video(fileio.get(results['filename'], backend_args=self.backend_args))
        results.update(video_reader=video, total_frames=video.num_frames, avg_fps=video.fps)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'


@TRANSFORMS.register_module()
class VideoDecode(DecordDecode):
    """Replaces MMAction2's DecordDecode; needs :class:`VideoInit`. See :func:`decode_frames`."""

    def __init__(self) -> None:
        super().__init__(mode='accurate')

    def _decord_load_frames(self, container: VideoStream, frame_inds: np.ndarray) -> list[np.ndarray]:
        return list(decode_frames(container, np.atleast_1d(frame_inds)))
