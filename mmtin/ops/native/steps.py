"""A step of a causal network's interlacing, in C: describe the frame, predict, interlace.

In torch it is some twenty operations, most on a few numbers, and reads the frame three times.
"""

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor

from mmtin.ops.native.build import load
from mmtin.ops.native.layout import pointer, runs


class _Networks(ctypes.Structure):
    """Sizes, and where the parameters lie; ``StepNetworks`` of ``step.c``."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ('channels', 'hidden', 'groups')),
        ('max_offset', ctypes.c_double),
        ('parameters', ctypes.c_void_p * 6),
    ]


def step(
    moving: Tensor,
    frames: Sequence[Tensor],
    descriptors: Tensor,
    hidden: Tensor,
    parameters: Sequence[Tensor],
    max_offset: float,
) -> tuple[Tensor, Tensor]:
    """Interlace the next frame of each of N streams where it lies.

    Args:
        moving: ``[N, C', h, w]``, float32, not empty, a slice of the channels of a dense tensor; becomes
            the interlaced frame.
        frames: the frames before, and last memory of the layout of ``moving`` that takes a copy of it.
        descriptors: ``[N, C', 2]``, float32, the means over space of the two frames before.
        hidden: ``[N, 16, 2]``, float32, what :class:`mmtin.models.offset_nets.FrameOffsetNet` kept of them.
        parameters: weight and bias of its two convolutions and of the weights' convolution, float32 and
            contiguous.
        max_offset: R, in frames.

    Returns:
        ``descriptors`` and ``hidden`` for the frame after.
    """
    channels, groups = moving.shape[1], len(parameters[5])
    addresses = (ctypes.c_void_p * 6)(*[part.data_ptr() for part in parameters])
    networks = _Networks(channels, hidden.shape[1], groups, max_offset, addresses)
    whole, grouped, kept = (
        runs(moving[:, None], 1),
        runs(moving[:, None], groups),
        runs(frames[-1][:, None], groups),
    )
    assert whole and grouped and kept, 'moving and the memory have planes of pixels or channels innermost'
    seen = [_laid_out_as(frames[-1], frame) for frame in frames]
    descriptors, hidden = descriptors.contiguous(), hidden.contiguous()
    next_descriptors, next_hidden = descriptors.new_empty(descriptors.shape), hidden.new_empty(hidden.shape)
    predicted = moving.new_empty(len(moving) * (channels + 2 * groups))
    places = (ctypes.c_void_p * len(seen))(*[frame.data_ptr() for frame in seen])
    load().step(
        whole.shape, whole.view, grouped.shape, grouped.view, kept.view,
        places, ctypes.c_int64(len(seen)), networks,
        *map(pointer, (descriptors, hidden, next_descriptors, next_hidden, predicted)),
    )  # fmt: skip
    return next_descriptors, next_hidden


def _laid_out_as(model: Tensor, frame: Tensor) -> Tensor:
    """``frame`` with the layout of ``model``: itself, or a copy."""
    if frame.stride() == model.stride():
        return frame
    return torch.empty_like(model).copy_(frame)
