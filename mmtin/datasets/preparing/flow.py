"""Optical flow of clips, as images: TSN's convention, which MMAction2 reads with ``modality='Flow'``."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from mmaction.datasets.transforms import RawFrameDecode

from mmtin.datasets.video.decoding import decode_frames, open_video
from mmtin.errors import UserError
from mmtin.files.whole import whole_folder

_AT_ONCE = 64  # frames of a video that are in memory, whatever its length
TEMPLATE = 'flow_{}_{:05}.jpg'  # of x and y, counted from 1

_Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _tvl1() -> _Flow:
    flow = cv2.optflow.DualTVL1OpticalFlow_create()  # type: ignore[attr-defined]
    return lambda first, second: flow.calc(first, second, None)


def _dis() -> _Flow:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return lambda first, second: flow.calc(first, second, None)


METHODS = {'tvl1': _tvl1, 'dis': _dis}


@dataclass(frozen=True)
class FlowOf:
    """A clip whose flow is wanted.

    Attributes:
        source: a video, or a folder of frames.
        folder: where the flow goes.
        num_frames: in ``source``, if it is a folder.
        method: one of ``METHODS``: TV-L1, which TSN used, or DIS.
        bound: pixels that the darkest and the brightest grey stand for; more is cut off.
        template: of the names of the frames.
    """

    source: Path
    folder: Path
    num_frames: int | None
    method: str
    bound: float = 20.0
    template: str = '{:05}.jpg'


def fault_of_flow(wanted: FlowOf) -> str | None:
    """Write the flow of a clip, whole or not at all; why it could not be, or None.

    There are as many fields as frames, the last one twice, so that the list of the frames serves both.
    """
    if not wanted.source.exists():
        return 'missing'
    try:
        with whole_folder(wanted.folder) as folder:
            for number, field in enumerate(flow_fields(_greys(wanted), wanted.method, wanted.bound), 1):
                for place, name in enumerate('xy'):
                    path = folder / TEMPLATE.format(name, number)
                    if not cv2.imwrite(str(path), field[..., place]):
                        raise UserError(f'cannot write {path.name}')
    except Exception as error:  # whatever a damaged frame makes of its reader
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return None


def num_fields(folder: Path) -> int:
    """The fields of a clip whose flow is in ``folder``."""
    return sum(1 for _ in folder.glob('flow_x_*.jpg'))


def flow_fields(greys: Iterable[np.ndarray], method: str, bound: float = 20.0) -> Iterator[np.ndarray]:
    """The flow from each frame to the next, and the last one again: uint8 ``[H, W, 2]`` each, x and y.

    128 is at rest, 0 and 255 are ``bound`` pixels to the left or up, and to the right or down.

    Args:
        greys: frames, uint8 ``[H, W]``, two or more.
        method: one of ``METHODS``.
        bound: pixels.

    Raises:
        UserError: if there are fewer than two frames.
    """
    flow = METHODS[method]()
    field = None
    for first, second in pairwise(greys):
        pixels = np.clip(flow(first, second), -bound, bound)
        field = np.floor((pixels + bound) * 255 / (2 * bound) + 0.5).astype(np.uint8)
        yield field
    if field is None:
        raise UserError('a clip of one frame has no flow, which takes two')
    yield field


def _greys(wanted: FlowOf) -> Iterator[np.ndarray]:
    for frame in _frames_of_folder(wanted) if wanted.source.is_dir() else _frames_of_video(wanted.source):
        yield cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def _frames_of_folder(wanted: FlowOf) -> Iterator[np.ndarray]:
    frames = dict(frame_dir=str(wanted.source), filename_tmpl=wanted.template, modality='RGB')
    for number in range(1, (wanted.num_frames or 0) + 1):
        yield RawFrameDecode().transform(dict(frames, frame_inds=np.array([number])))['imgs'][0]


def _frames_of_video(path: Path) -> Iterator[np.ndarray]:
    video = open_video(path.read_bytes())
    for start in range(0, video.num_frames, _AT_ONCE):
        yield from decode_frames(video, np.arange(start, min(start + _AT_ONCE, video.num_frames)))
