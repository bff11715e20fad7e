"""The Triton kernels.

A program works on a tile ``[T, R, G, C]`` of one clip: frames, rows, groups and columns, where the
columns lie side by side in memory (see ``launch.py``), padded to powers of two and masked. It gathers
the frames that the offsets point at straight from memory. What a tile needs twice it reads twice,
counting on the first-level cache for the second time: that spares a loop over frames that carries them.

``frame`` and ``group`` are ``[T, 1]`` and ``[1, G]``, ``row`` and ``column`` are ``[R, 1]`` and ``[1, C]``.
"""

import triton
import triton.language as tl


@triton.jit
def interlace_kernel(
    out,
    x,
    offset,
    weight,
    out_strides,
    x_strides,
    shape,
    per_frame: tl.constexpr,
    block: tl.constexpr,
    wide: tl.constexpr,
):
    """``out[t] = weight[t] * ((1 - share) * x[t - low] + share * x[t - low - 1])``."""
    _, clip, frame, row, group, column = _tile(shape, block, wide)
    low, share = _split(offset, clip, frame, group, shape, per_frame)
    near = _read(x, x_strides, clip, frame - low, row, group, column, shape)
    far = _read(x, x_strides, clip, frame - low - 1, row, group, column, shape)
    value = _expand(_read_weight(weight, clip, frame, group, shape)) * _blend(near, far, share)
    _write(out, out_strides, clip, frame, row, group, column, shape, value)


@triton.jit
def interlace_backward_kernel(
    grad_x,
    sums,
    grad_output,
    x,
    offset,
    weight,
    grad_x_strides,
    grad_output_strides,
    x_strides,
    shape,
    weight_size,
    per_frame: tl.constexpr,
    block: tl.constexpr,
    wide: tl.constexpr,
):
    """The adjoint into ``grad_x``, and what this tile adds to the gradients of offset and weight.

    ``sums`` is ``[tiles of a frame, 2, N, T, G]``: what each frame adds to the gradient of the offset,
    then the gradient of its weight. ``weight_size`` is N * T * G.
    """
    tile, clip, frame, row, group, column = _tile(shape, block, wide)
    low, share = _split(offset, clip, frame, group, shape, per_frame)

    near = _read(x, x_strides, clip, frame - low, row, group, column, shape)
    far = _read(x, x_strides, clip, frame - low - 1, row, group, column, shape)
    grad = _read(grad_output, grad_output_strides, clip, frame, row, group, column, shape)
    factor = _expand(_read_weight(weight, clip, frame, group, shape))
    sums += tile.to(tl.int64) * 2 * weight_size + (clip * shape[0] + frame) * shape[2] + group
    inside = (frame < shape[0]) & (group < shape[2])
    tl.store(sums, _sum(factor * grad * (far - near)), mask=inside)
    tl.store(sums + weight_size, _sum(grad * _blend(near, far, share)), mask=inside)

    if per_frame:
        # A frame may have gone to any frame: each of them is asked, and read if it takes part.
        value = tl.zeros_like(grad)
        for to in range(shape[0]):
            moved = frame * 0 + to
            low, share = _split(offset, clip, moved, group, shape, per_frame)
            near = _read(
                grad_output,
                grad_output_strides,
                clip,
                moved,
                row,
                group,
                column,
                shape,
                moved - low == frame,
            )
            far = _read(
                grad_output,
                grad_output_strides,
                clip,
                moved,
                row,
                group,
                column,
                shape,
                moved - low - 1 == frame,
            )
            value += _expand(_read_weight(weight, clip, moved, group, shape)) * _blend(near, far, share)
    else:
        near = _read(grad_output, grad_output_strides, clip, frame + low, row, group, column, shape)
        far = _read(grad_output, grad_output_strides, clip, frame + low + 1, row, group, column, shape)
        near *= _expand(_read_weight(weight, clip, frame + low, group, shape))
        far *= _expand(_read_weight(weight, clip, frame + low + 1, group, shape))
        value = _blend(near, far, share)
    _write(grad_x, grad_x_strides, clip, frame, row, group, column, shape, value)


@triton.jit
def _tile(shape, block: tl.constexpr, wide: tl.constexpr):
    """The number of this program's tile in its frames, its clip, and its place along T, R, G and C."""
    frames, rows = tl.cdiv(shape[0], block[0]), tl.cdiv(shape[1], block[1])
    groups, columns = tl.cdiv(shape[2], block[2]), tl.cdiv(shape[3], block[3])
    program = tl.program_id(0)
    tile = program % (columns * rows)
    program //= columns * rows
    frame = (program % frames) * block[0] + tl.arange(0, block[0])
    program //= frames
    group = (program % groups) * block[2] + tl.arange(0, block[2])
    clip = (program // groups).to(tl.int64)
    row = (tile // columns) * block[1] + tl.arange(0, block[1])
    column = (tile % columns) * block[3] + tl.arange(0, block[3])
    if wide:
        frame, row = frame.to(tl.int64), row.to(tl.int64)
        group, column = group.to(tl.int64), column.to(tl.int64)
    return tile, clip, frame[:, None], row[:, None], group[None, :], column[None, :]


@triton.jit
def _split(offset, clip, frame, group, shape, per_frame: tl.constexpr):
    """Whole frames and the share of the next one, ``[1, G]`` or ``[T, G]``."""
    if per_frame:
        place, inside = (
            (clip * shape[0] + frame) * shape[2] + group,
            (frame < shape[0]) & (group < shape[2]),
        )
    else:
        place, inside = clip * shape[2] + group, group < shape[2]
    offset = tl.load(offset + place, mask=inside, other=0)
    low = tl.floor(offset)
    share = offset - low
    # Beyond the clip every whole shift is the same, and int32 cannot hold any offset.
    return tl.minimum(tl.maximum(low, -1.0 - shape[0]), 1.0 * shape[0]).to(tl.int32), share


@triton.jit
def _blend(near, far, share):
    share = _expand(share)
    # A share of nothing must not carry NaN or infinity along, as 0 * NaN would.
    return tl.where(share == 1, 0, (1 - share) * near) + tl.where(share == 0, 0, share * far)


@triton.jit
def _expand(values):
    """``[T, G]`` -> ``[T, 1, G, 1]``."""
    return values[:, None, :, None]


@triton.jit
def _sum(values):
    """``[T, R, G, C]`` -> ``[T, G]``."""
    return tl.sum(tl.sum(values, axis=3), axis=1)


@triton.jit
def _read_weight(weight, clip, frame, group, shape):
    inside = (frame >= 0) & (frame < shape[0]) & (group < shape[2])
    return tl.load(weight + (clip * shape[0] + frame) * shape[2] + group, mask=inside, other=0)


@triton.jit
def _place(strides, frame, row, group, column, shape):
    """Where in its clip a tile lies and which of it exists, ``[T, R, G, C]``."""
    place = _expand(frame * strides[1] + group * strides[3])
    place += (row * strides[2] + column * strides[4])[None, :, None, :]
    inside = _expand((frame >= 0) & (frame < shape[0]) & (group < shape[2]))
    inside &= ((row < shape[1]) & (column < shape[3]))[None, :, None, :]
    return place, inside


@triton.jit
def _read(x, strides, clip, frame, row, group, column, shape, wanted=None):
    """A tile in at least single precision, zero outside the clip and where ``wanted`` ``[T, G]`` is not."""
    place, inside = _place(strides, frame, row, group, column, shape)
    if wanted is not None:
        inside &= _expand(wanted)
    values = tl.load(x + clip * strides[0] + place, mask=inside, other=0)
    return values if values.dtype == tl.float64 else values.to(tl.float32)


@triton.jit
def _write(out, strides, clip, frame, row, group, column, shape, values):
    place, inside = _place(strides, frame, row, group, column, shape)
    tl.store(out + clip * strides[0] + place, values, mask=inside)
