"""Kernels for the CPU, in C: one read and one write of the clips, in either memory format.

For float32 and bfloat16. For other types, and where there is no C compiler, ``'auto'`` takes the matrix
backend.
"""

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmtin.ops.eager import runs_eagerly
from mmtin.ops.native.build import TYPES, BuildError, load
from mmtin.ops.native.layout import View, offsets, pointer, runs, runs_like
from mmtin.ops.native.prediction import predict as predict
from mmtin.ops.native.steps import step as step


def unavailable(device: torch.device) -> str | None:
    """Why the backend cannot run on ``device``, with the remedy, or None if it can."""
    if device.type != 'cpu':
        return f'its kernels are for the CPU; the tensors are on {device.type}'
    try:
        load()
    except BuildError as error:
        return str(error)
    return None


def suits(x: Tensor) -> bool:
    """float32 or bfloat16 on the CPU, outside torch.compile, export, tracing and function transforms."""
    return x.dtype in TYPES and x.is_cpu and runs_eagerly(x) and _loads(x.dtype)


def _loads(dtype: torch.dtype) -> bool:
    try:
        load(dtype)
    except BuildError:
        return False
    return True


def tin_shift(input: Tensor, shift: Tensor) -> Tensor:
    """Shift by whole offsets; see :func:`mmtin.ops.tin_shift`."""
    # float32 cannot hold every integer; beyond the clip every shift is the same.
    num_segments = input.shape[1]
    offset = shift.long().clamp(-num_segments, num_segments).float()
    return temporal_interlace(input, offset, offset.new_ones(input.shape[0], num_segments, shift.shape[1]))


def temporal_interlace(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    """Interlace in one pass; see :func:`mmtin.ops.temporal_interlace`.

    Raises:
        TypeError: for any type but float32 and bfloat16.
    """
    if x.dtype not in TYPES:
        raise TypeError(f"the native kernels take float32 or bfloat16, got {x.dtype}; use backend='matrix'")
    return _Interlace.apply(x, offset, weight)


def interlace_within(x: Tensor, kept: Tensor, offset: Tensor, weight: Tensor) -> None:
    """Interlace ``x`` in its memory; ``kept`` takes a copy of what it was.

    Args:
        x: ``[N, T, C, *]``, float32 or bfloat16; a dense tensor or a slice of the channels of one, in
            planes or channels_last.
        kept: the shape and type of ``x``, dense.
        offset: ``[N, G]`` or ``[N, T, G]``, float32, in frames.
        weight: ``[N, T, G]``, float32.
    """
    _interlace(x, kept, offset, weight, within=True)


def interlace_backward_within(
    grad: Tensor, x: Tensor, offset: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Turn the gradient of the interlaced ``x`` into that of ``x``, in its memory.

    Args:
        grad: the shape and type of ``x``; a dense tensor or a slice of the channels of one.
        x, offset, weight: as they went into :func:`interlace_within`.

    Returns:
        Gradients of ``offset`` and ``weight``. At a whole offset the former is the one from above, as in
        the reference.
    """
    return _interlace_backward(grad, torch.empty_like(grad), x, offset, weight, within=True)


def interlace_newest(out: Tensor, frames: Sequence[Tensor], offset: Tensor, weight: Tensor) -> None:
    """Write into ``out``; see :func:`mmtin.ops.newest.interlace_newest`."""
    if out.numel() == 0:
        return
    to = runs(out[:, None], offset.shape[1])
    assert to is not None, 'out has planes of pixels or channels innermost'
    seen = [runs_like(to, frame[:, None], out[:, None]) for frame in frames]
    if len({found.view.row for _, found in seen}) > 1:  # the kernel takes one for all frames
        seen = [
            runs_like(to, torch.empty_like(out).copy_(frame)[:, None], out[:, None]) for frame in frames
        ]
    views = (View * len(seen))(*(found.view for _, found in seen))
    offset, weight = offset.contiguous(), weight.contiguous()
    load(out.dtype).interlace_newest(
        to.shape, views, ctypes.c_int64(len(seen)), pointer(offset), pointer(weight), to.view, 0
    )


class _Interlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, offset, weight):
        ctx.save_for_backward(x, offset, weight)
        out = torch.empty_like(x)
        if runs(out, offset.shape[-1]) is None:
            out = x.new_empty(x.shape)
        ctx.layout = out.stride()
        _interlace(out, x, offset, weight)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        grad_x = grad_output.new_empty_strided(grad_output.shape, ctx.layout)
        return grad_x, *_interlace_backward(grad_x, grad_output, *ctx.saved_tensors)


def _interlace(out: Tensor, x: Tensor, offset: Tensor, weight: Tensor, within: bool = False) -> None:
    """Write the interlaced ``x`` into ``out``, or if ``within`` interlace ``out`` by way of ``x``."""
    if out.numel() == 0:
        return
    to = runs(out, offset.shape[-1])
    assert to is not None, 'out has planes of pixels or channels innermost'
    copied, source = runs_like(to, x, out)
    assert copied is x or not within, 'x has the memory format of out'
    offset, weight = offset.contiguous(), weight.contiguous()
    load(out.dtype).interlace(to.shape, source.view, offsets(offset), pointer(weight), to.view, int(within))


def _interlace_backward(
    grad_x: Tensor, grad_output: Tensor, x: Tensor, offset: Tensor, weight: Tensor, within: bool = False
) -> tuple[Tensor, Tensor]:
    """Write the gradient of ``x``; return those of ``offset`` and ``weight``."""
    if grad_x.numel() == 0:
        return torch.zeros_like(offset), torch.zeros_like(weight)
    to = runs(grad_x, groups=weight.shape[2])
    assert to is not None, 'grad_x has planes of pixels or channels innermost'
    grad_output, grad_runs = runs_like(to, grad_output, grad_x)
    x, x_runs = runs_like(to, x, grad_x)
    offset, weight = offset.contiguous(), weight.contiguous()
    kernels = load(grad_x.dtype)
    sums = weight.new_empty(weight.numel() * kernels.tiles_of_a_group(to.shape) * 2)
    grad_offset, grad_weight = torch.empty_like(offset), torch.empty_like(weight)
    kernels.interlace_backward(
        to.shape, grad_runs.view, x_runs.view, offsets(offset), pointer(weight), to.view,
        *map(pointer, (sums, grad_offset, grad_weight)), int(within),
    )  # fmt: skip
    return grad_offset, grad_weight
