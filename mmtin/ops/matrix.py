"""The closed form: interlacing one clip and group is one ``T x T`` matrix with two diagonals.

Plain tensor algebra: any device and dtype, differentiated by autograd, compiled, exported to ONNX.
Unlike a shift, a matrix product spreads an infinite or NaN value of one frame over its whole clip.
"""

import torch
from torch import Tensor


def interlace_matrix(offset: Tensor, weight: Tensor | None, num_segments: int) -> Tensor:
    """``[N, G]`` and ``[N, T, G]`` -> ``[N, G, T, T]``; see :func:`mmtin.ops.interlace_matrix`."""
    low = offset.floor()
    share = (offset - low)[..., None, None]
    low = low[..., None, None]
    frame = torch.arange(num_segments, device=offset.device)
    delay = frame[:, None] - frame
    # Two masks rather than max(0, 1 - |.|): their gradient at whole offsets is the reference's.
    matrix = (delay == low) * (1 - share) + (delay == low + 1) * share
    if weight is not None:
        matrix = matrix * weight.transpose(1, 2)[..., None]
    return matrix


def tin_shift(input: Tensor, shift: Tensor) -> Tensor:
    """Shift by a product with zeros and ones; see :func:`mmtin.ops.tin_shift`."""
    return _apply(interlace_matrix(shift.float(), None, input.shape[1]), input)


def temporal_interlace(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    """Interlace by one matrix product; see :func:`mmtin.ops.temporal_interlace`."""
    return _apply(interlace_matrix(offset, weight, x.shape[1]), x)


def _apply(matrix: Tensor, x: Tensor) -> Tensor:
    """``[N, G, T, T]`` times ``[N, T, C, *]`` -> ``[N, T, C, *]``."""
    grouped = x.flatten(2).unflatten(2, (matrix.shape[1], -1))
    # Autocast would round float32 clips to half precision; the operator keeps the dtype of x.
    with torch.autocast(x.device.type, enabled=False):
        output = torch.einsum('ngts,nsgk->ntgk', matrix.to(x.dtype), grouped)
    return output.reshape(x.shape)
