"""Decode of a video the frames of a clip, and as few others as its format allows.

Nearly all the time that it takes to load a clip goes into decoding frames which nobody looks at: a clip has
8 or 16 of some hundred frames, and each builds on those before it. :class:`VideoInit` and
:class:`VideoDecode` take the places of MMAction2's DecordInit and DecordDecode, around any transform that
samples frames, and give the same frames of the same pixels sooner.
"""

from dataclasses import dataclass
from io import BytesIO

import cv2
import decord
import numpy as np
from mmaction.datasets.transforms import DecordDecode
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine import fileio

from mmtin.datasets.mp4 import Track, read_track

# What it costs decord to seek, in frames that OpenCV decodes meanwhile (measured at 320 x 240 pixels).
_SEEK = 15
_TOLERANCE = 1e-3  # seconds


@dataclass(frozen=True)
class Video:
    """The bytes of a video file and what decides which of them to decode; no decoder is open.

    ``keys`` are the frames that decord can seek, ``track`` is that of an MP4, else None.
    """

    data: bytes
    num_frames: int
    fps: float
    keys: np.ndarray
    track: Track | None = None


def open_video(data: bytes) -> Video:
    """Find out the length of a video file.

    Raises:
        decord.DECORDError or RuntimeError: if it is none.
    """
    track = read_track(data)
    if track is not None:
        return Video(data, len(track), track.fps, np.flatnonzero(track.key[track.display]), track)
    reader = _decord(data)
    return Video(data, len(reader), reader.get_avg_fps(), np.array(reader.get_key_indices()))


def decode_frames(video: Video, frame_inds: np.ndarray) -> np.ndarray:
    """The frames ``frame_inds`` ``[M]`` of a video: uint8 ``[M, H, W, 3]``, RGB.

    Frames that are not needed are left out of an MP4 (see :mod:`mmtin.datasets.mp4`), then OpenCV decodes
    in order, by one thread. decord serves where a video of another format is so long, and its key frames so
    close, that seeking is faster, and where OpenCV finds the video damaged.

    The pixels are those that decord gives, but for differences of 1 or 2 of 255 in some MPEG-4 Part 2
    (UCF101). In some of HMDB51's files decord 0.6.0 skips and seeks to wrong frames, by 1 and by whole
    groups of pictures: there they are what decord gives when it reads one frame after the other.

    Raises:
        decord.DECORDError or RuntimeError: if they cannot be decoded.
    """
    frames = None
    if video.track is not None:
        frames = _decode_in_order(*video.track.shortened(frame_inds))
    elif _in_order_is_faster(video, frame_inds):
        frames = _decode_in_order(video.data, frame_inds)
        if frames is None:
            # One packet of an AVI may hold no frame. decord counts it all the same, and repeats the last.
            frames = _decode_in_order(video.data, np.minimum(frame_inds, video.num_frames - 2))
    return _decord(video.data).get_batch(frame_inds).asnumpy() if frames is None else frames


def _decord(data: bytes) -> decord.VideoReader:
    # Loading is parallel across clips: more threads would fight with the other workers.
    return decord.VideoReader(BytesIO(data), num_threads=1)


def _in_order_is_faster(video: Video, frame_inds: np.ndarray) -> bool:
    frame_inds = np.unique(frame_inds)
    key = video.keys[np.searchsorted(video.keys, frame_inds, side='right') - 1]
    starts, last = np.unique(key), np.append(key[1:] != key[:-1], True)
    return frame_inds[-1] < (frame_inds[last] - key[last]).sum() + _SEEK * len(starts)


def _decode_in_order(
    data: bytes, frame_inds: np.ndarray, seconds: np.ndarray | None = None
) -> np.ndarray | None:
    """The frames, or None if some are missing or not shown when they should be.

    Args:
        data: the video file.
        frame_inds: ``[M]``.
        seconds: ``[M]``, when they are shown after the first one.
    """
    # OpenCV 5.0 drops its reference to the stream without the GIL: another one must outlive the capture.
    stream = BytesIO(data)
    capture = cv2.VideoCapture(stream, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        frames, position = None, -1
        for place in np.argsort(frame_inds, kind='stable').tolist():
            while position < frame_inds[place]:
                if not capture.grab():
                    return None
                position += 1
            read, image = capture.retrieve()
            shown = capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
            if not read or (seconds is not None and abs(shown - seconds[place]) > _TOLERANCE):
                return None
            if frames is None:
                frames = np.empty((len(frame_inds), *image.shape), np.uint8)
            cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=frames[place])
        return frames
    finally:
        capture.release()
        del capture, stream


@TRANSFORMS.register_module()
class VideoInit(BaseTransform):
    """Takes the place of MMAction2's DecordInit, with :class:`VideoDecode` behind the sampling.

    Reads ``filename``; adds ``video_reader`` (a :class:`Video`), ``total_frames`` and ``avg_fps``.

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
    """Takes the place of MMAction2's DecordDecode; needs :class:`VideoInit`. See :func:`decode_frames`."""

    def __init__(self) -> None:
        super().__init__(mode='accurate')

    def _decord_load_frames(self, container: Video, frame_inds: np.ndarray) -> list[np.ndarray]:
        return list(decode_frames(container, np.atleast_1d(frame_inds)))
