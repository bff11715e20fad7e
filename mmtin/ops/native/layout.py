"""How the kernels walk over the memory of a tensor; the structures of ``kernels.h``."""

import ctypes
import functools
from typing import NamedTuple

import torch
from torch import Tensor


class Shape(ctypes.Structure):
    """Sizes: clips, frames, groups, runs of a group in a frame, numbers in a run."""

    _fields_ = [(name, ctypes.c_int64) for name in ('clips', 'frames', 'groups', 'rows', 'run')]


class View(ctypes.Structure):
    """An address and strides, in numbers."""

    _fields_ = [
        ('data', ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ('clip', 'frame', 'group', 'row')),
    ]


class Offsets(ctypes.Structure):
    """An address and strides, in floats; the stride of frames is 0 where a clip has one offset a group."""

    _fields_ = [('data', ctypes.c_void_p), ('clip', ctypes.c_int64), ('frame', ctypes.c_int64)]


class Runs(NamedTuple):
    """A tensor as the kernels see it."""

    shape: Shape
    view: View

    def fit(self, other: 'Runs') -> bool:
        """Whether both have the same runs, so that one walk serves both."""
        return (self.shape.rows, self.shape.run) == (other.shape.rows, other.shape.run)


def runs(x: Tensor, groups: int, by_pixel: bool = False) -> Runs | None:
    """``[N, T, C, *]`` with planes of pixels or with channels innermost, also a slice of the channels.

    Args:
        by_pixel: see a single channel, which is both, as channels innermost.

    Returns:
        None if its memory has another order.
    """
    walk = _walk(x.shape, x.stride(), groups, by_pixel)
    if walk is None:
        return None
    shape, strides = walk
    return Runs(shape, View(x.data_ptr(), *strides))


def runs_like(like: Runs, x: Tensor, model: Tensor) -> tuple[Tensor, Runs]:
    """``x`` with the runs ``like`` that ``model`` has: itself, or a copy if its memory has others."""
    found = runs(x, like.shape.groups)
    if found is None or not found.fit(like):
        x = torch.empty_like(model).copy_(x)
        found = runs(x, like.shape.groups, by_pixel=like.shape.rows > 1)
        assert found is not None, 'dense memory has runs'
    return x, found


def offsets(offset: Tensor) -> Offsets:
    """Contiguous ``[N, G]`` or ``[N, T, G]``, which the caller keeps alive."""
    return Offsets(offset.data_ptr(), offset.stride(0), offset.stride(1) if offset.dim() == 3 else 0)


def pointer(x: Tensor) -> ctypes.c_void_p:
    """The address of contiguous ``x``, which the caller keeps alive."""
    return ctypes.c_void_p(x.data_ptr())


@functools.lru_cache(
    maxsize=1024
)  # a network has some dozens; working one out takes longer than to interlace
def _walk(
    sizes: torch.Size, steps: tuple[int, ...], groups: int, by_pixel: bool
) -> tuple[Shape, tuple[int, int, int, int]] | None:
    """Shape and strides of :func:`runs`, for a tensor of these sizes and strides."""
    clips, frames, channels = sizes[:3]
    clip, frame, channel = steps[:3]
    pixels, pixel = _collapse(sizes[3:], steps[3:])
    width = channels // groups
    if pixel is None:
        return None
    if (pixel == 1 or pixels == 1) and (channel == pixels or channels == 1) and not by_pixel:
        rows, run, row, group = 1, width * pixels, 0, width * pixels
    elif channel == 1 or channels == 1:
        rows, run, row, group = pixels, width, pixel, width
    else:
        return None
    return Shape(clips, frames, groups, rows, run), (clip, frame, group, row)


def _collapse(sizes: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, int | None]:
    """Size and stride of all dimensions in one; the stride is None where they do not follow each other."""
    total, unit = 1, None
    for size, stride in zip(reversed(sizes), reversed(strides)):
        if size == 1:
            continue
        if unit is None:
            unit = stride
        elif stride != unit * total:
            return total, None
        total *= size
    return total, 1 if unit is None else unit
