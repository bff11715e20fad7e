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
        moving: ``[N, C', h, w]``, float32 or bfloat16, not empty, a slice of the channels of a dense
            tensor; becomes the interlaced frame.
        frames: the frames before, and last memory of the layout of ``moving`` that takes a copy of it.
        descriptors: ``[N, C', 2]``, the means over space of the two frames before.
        hidden: ``[N, 16, 2]``, what :class:`mmtin.models.offset_nets.FrameOffsetNet` kept of them.
        parameters: weight and bias of its two convolutions and of the weights' convolution, of the type of
            ``moving`` or float32, and contiguous.
        max_offset: R, in frames.

    Returns:
        ``descriptors`` and ``hidden`` for the frame after, in their types.
    """
    channels, groups = moving.shape[1], len(parameters[5])
    parameters = [part.float() for part in parameters]
    addresses = (ctypes.c_void_p * 6)(*[part.data_ptr() for part in parameters])
    networks = _Networks(channels, hidden.shape[1], groups, max_offset, addresses)
    whole, grouped, kept = (
        runs(moving[:, None], 1),
        runs(moving[:, None], groups),
        runs(frames[-1][:, None], groups),
    )
    assert whole and grouped and kept, 'moving and the memory have planes of pixels or channels innermost'
    seen = [_laid_out_as(frames[-1], frame) for frame in frames]
    described, hid = descriptors.float().contiguous(), hidden.float().contiguous()
    next_descriptors, next_hidden = described.new_empty(described.shape), hid.new_empty(hid.shape)
    predicted = described.new_empty(len(moving) * (channels + 2 * groups))
    places = (ctypes.c_void_p * len(seen))(*[frame.data_ptr() for frame in seen])
    load(moving.dtype).step(
        whole.shape, whole.view, grouped.shape, grouped.view, kept.view,
        places, ctypes.c_int64(len(seen)), networks,
        *map(pointer, (described, hid, next_descriptors, next_hidden, predicted)),
    )  # fmt: skip
    return next_descriptors.to(descriptors.dtype), next_hidden.to(hidden.dtype)


def _laid_out_as(model: Tensor, frame: Tensor) -> Tensor:
    """``frame`` with the layout of ``model``: itself, or a copy."""
    if frame.stride() == model.stride():
        return frame
    return torch.empty_like(model).copy_(frame)
