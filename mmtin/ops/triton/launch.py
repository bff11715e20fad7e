"""From tensors to launches: how memory is seen and cut into tiles.

The part of a frame that one group has is seen as R rows of C columns. Columns lie side by side: all
channels and pixels of the group in a contiguous tensor (R = 1), its channels at one pixel in a
channels_last one (R = number of pixels). Strides say the rest, so that slices of channels and expanded
gradients are read where they are.
"""

import math

import torch
from torch import Tensor

from mmtin.compat.torch import at_least_single

# The size of a tile: 4 or 2 loads of 16 bytes for each of the 128 threads of a program and each tensor
# that it reads, which leaves registers for several programs at once. Autotuning would make users wait
# at every new shape, and a kernel that does next to nothing but move memory has little to tune.
FORWARD_BYTES, BACKWARD_BYTES = 8192, 4096
MAX_FRAMES = 16
INT32_MAX = 2**31 - 1


def interlace_into(out: Tensor, x: Tensor, offset: Tensor, weight: Tensor) -> None:
    """:func:`mmtin.ops.temporal_interlace` into memory that is there already; not differentiable.

    Args:
        out: ``[N, T, C, *]`` with the shape of ``x``, for instance a slice of the channels of a wider
            tensor. Must not overlap the inputs.
        x: ``[N, T, C, *]``, floating point. Copied only if no stride spans its spatial dimensions.
        offset: ``[N, G]`` or ``[N, T, G]``, frames.
        weight: ``[N, T, G]``.

    Raises:
        ValueError: for a shape that does not fit, and if no stride spans the spatial dimensions of
            ``out``.
    """
    _check(x, offset, weight, out=out)
    out, x = _writable(out, 'out'), flat(x)
    if x.numel() == 0:
        return
    from mmtin.ops.triton.kernels import interlace_kernel

    shape, strides = _rows_and_columns(x, out, groups=offset.shape[-1])
    block = _block(shape, FORWARD_BYTES // x.element_size())
    with torch.cuda.device_of(x):
        interlace_kernel[(x.shape[0] * math.prod(_tiles(shape, block)),)](
            out,
            x,
            _precise(offset, x),
            _precise(weight, x),
            strides[1],
            strides[0],
            shape,
            per_frame=offset.dim() == 3,
            block=block,
            wide=_is_wide(shape, strides),
        )


def interlace_backward_into(
    grad_x: Tensor, grad_output: Tensor, x: Tensor, offset: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """The gradients of :func:`interlace_into`, that of ``x`` into memory that is there already.

    Deterministic: tiles leave sums behind, which are then added in a fixed order.

    Args:
        grad_x: ``[N, T, C, *]``, as ``out`` of :func:`interlace_into`.
        grad_output: ``[N, T, C, *]``; may be expanded.
        x: ``[N, T, C, *]``.
        offset: ``[N, G]`` or ``[N, T, G]``, frames.
        weight: ``[N, T, G]``.

    Returns:
        The gradients of ``offset`` and ``weight`` in at least single precision.

    Raises:
        ValueError: for a shape that does not fit, and if no stride spans the spatial dimensions of
            ``grad_x``.
    """
    _check(x, offset, weight, grad_x=grad_x, grad_output=grad_output)
    grad_x, grad_output, x = _writable(grad_x, 'grad_x'), flat(grad_output), flat(x)
    offset, weight = _precise(offset, x), _precise(weight, x)
    if x.numel() == 0:
        return torch.zeros_like(offset), torch.zeros_like(weight)
    from mmtin.ops.triton.kernels import interlace_backward_kernel

    shape, strides = _rows_and_columns(x, grad_output, grad_x, groups=offset.shape[-1])
    block = _block(shape, BACKWARD_BYTES // x.element_size())
    tiles = _tiles(shape, block)
    sums = offset.new_empty(tiles[1] * tiles[3], 2, *weight.shape)
    with torch.cuda.device_of(x):
        interlace_backward_kernel[(x.shape[0] * math.prod(tiles),)](
            grad_x,
            sums,
            grad_output,
            x,
            offset,
            weight,
            strides[2],
            strides[1],
            strides[0],
            shape,
            sums[0, 0].numel(),
            per_frame=offset.dim() == 3,
            block=block,
            wide=_is_wide(shape, strides),
        )
    by_offset, by_weight = sums.unbind(1)
    return by_offset.sum(0 if offset.dim() == 3 else (0, 2)), by_weight.sum(0)


def interlace_within(x: Tensor, kept: Tensor, offset: Tensor, weight: Tensor) -> None:
    """Interlace ``x``, as ``out`` of :func:`interlace_into`, in its memory; ``kept`` takes a copy first."""
    interlace_into(x, kept.copy_(x), offset, weight)


def interlace_backward_within(
    grad: Tensor, x: Tensor, offset: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Turn the gradient of the interlaced ``x`` into that of ``x``; see :func:`interlace_backward_into`."""
    return interlace_backward_into(grad, grad.clone(), x, offset, weight)


def flat(x: Tensor) -> Tensor:
    """``[N, T, C, *]`` -> ``[N, T, C, S]``, copied only if no stride spans the spatial dimensions."""
    return x.reshape(*x.shape[:3], math.prod(x.shape[3:]))


def _check(x: Tensor, offset: Tensor, weight: Tensor, **like_x: Tensor) -> None:
    """A kernel would read and write wherever a wrong shape leads it."""
    n, t, c = x.shape[:3]
    g = offset.shape[-1]
    if offset.shape not in ((n, g), (n, t, g)) or c % g or weight.shape != (n, t, g):
        raise ValueError(
            'offset must be [N, G] or [N, T, G] and weight [N, T, G] for x [N, T, C, *] = '
            f'{list(x.shape)}, where G divides C; got {list(offset.shape)} and {list(weight.shape)}'
        )
    for name, tensor in like_x.items():
        if tensor.shape != x.shape:
            raise ValueError(f'{name} must have the shape of x, {list(x.shape)}, got {list(tensor.shape)}')


def _writable(out: Tensor, name: str) -> Tensor:
    view = flat(out)
    if view.numel() and view.data_ptr() != out.data_ptr():
        raise ValueError(
            f'one stride must span the spatial dimensions of {name}, got the strides {out.stride()}; '
            'write to a contiguous or channels_last tensor, or to a slice of its channels'
        )
    return view


def _precise(values: Tensor, x: Tensor) -> Tensor:
    return values.to(at_least_single(x.dtype)).contiguous()


def _rows_and_columns(x: Tensor, *others: Tensor, groups: int) -> tuple[tuple, list[tuple]]:
    """The shape (T, R, G, C) of a clip and the strides (clip, frame, row, group, column) of each tensor."""
    _, num_segments, channels, space = x.shape
    width = channels // groups
    tensors = (x, *others)
    if x.stride(2) < x.stride(3):
        shape = (num_segments, space, groups, width)
        inner = [(t.stride(3), t.stride(2)) for t in tensors]
    elif all(t.stride(2) == space * t.stride(3) for t in tensors):
        shape = (num_segments, 1, groups, width * space)
        inner = [(0, t.stride(3)) for t in tensors]
    else:
        shape = (num_segments, width, groups, space)
        inner = [(t.stride(2), t.stride(3)) for t in tensors]
    strides = [
        (t.stride(0), t.stride(1), row, width * t.stride(2), column)
        for t, (row, column) in zip(tensors, inner, strict=True)
    ]
    return shape, strides


def _block(shape: tuple, elements: int) -> tuple[int, int, int, int]:
    """How many frames, rows, groups and columns, each a power of two, make a tile."""
    num_segments, rows, groups, columns = (1 << (size - 1).bit_length() for size in shape)
    frames = min(num_segments, MAX_FRAMES)
    columns = min(columns, elements // frames)
    # Groups before rows: those of one pixel lie side by side in a channels_last tensor.
    groups = min(groups, elements // (frames * columns))
    rows = min(rows, elements // (frames * columns * groups))
    return frames, rows, groups, columns


def _tiles(shape: tuple, block: tuple) -> list[int]:
    return [-(-size // step) for size, step in zip(shape, block, strict=True)]


def _is_wide(shape: tuple, strides: list[tuple]) -> bool:
    """Whether a place in a clip needs 64 bits; the place of the clip itself always has them."""
    return any(
        sum((size - 1) * stride for size, stride in zip(shape, clip, strict=True)) > INT32_MAX
        for _, *clip in strides
    )
