"""The closed form: interlacing one clip and group is one ``T x T`` matrix with two diagonals.

Plain tensor algebra: any device and dtype, differentiated by autograd, compiled, exported to ONNX.
Unlike a shift, a matrix product spreads an infinite or NaN value of one frame over its whole clip.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from mmtin.compat.torch import at_least_single, has_autocast, is_compiling

predict = step = None  # torch computes the networks


def interlace_matrix(offset: Tensor, weight: Tensor | None, num_segments: int) -> Tensor:
    """``[N, G]`` or ``[N, T, G]``, and ``[N, T, G]`` -> ``[N, G, T, T]``; see
    :func:`mmtin.ops.interlace_matrix`.
    """
    if offset.dim() == 2:
        offset = offset[:, None]
    offset = offset.transpose(1, 2)[..., None]
    low = offset.floor()
    share = offset - low
    frame = torch.arange(num_segments, device=offset.device)
    delay = frame[:, None] - frame
    # Two masks rather than max(0, 1 - |.|): their gradient at whole offsets is the reference's.
    matrix = (delay == low) * (1 - share) + (delay == low + 1) * share
    if weight is not None:
        matrix = matrix * weight.transpose(1, 2)[..., None]
    return matrix


def unavailable(device: torch.device) -> str | None:
    """It runs everywhere: None."""
    return None


def suits(x: Tensor) -> bool:
    """Any tensor."""
    return True


def tin_shift(input: Tensor, shift: Tensor) -> Tensor:
    """Shift by a product with zeros and ones; see :func:`mmtin.ops.tin_shift`."""
    precise = at_least_single(input.dtype)
    return _apply(interlace_matrix(shift.to(precise), None, input.shape[1]), input)


def temporal_interlace(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    """Interlace by one matrix product; see :func:`mmtin.ops.temporal_interlace`."""
    return _apply(interlace_matrix(offset, weight, x.shape[1]), x)


def interlace_within(x: Tensor, kept: Tensor, offset: Tensor, weight: Tensor) -> None:
    """Interlace ``x`` ``[N, T, C, *]`` in its memory; ``kept`` takes a copy of what it was.

    Args:
        x: floating point; also a slice of a wider tensor.
        kept: the shape and dtype of ``x``.
        offset: ``[N, G]`` or ``[N, T, G]``, at least single precision, in frames.
        weight: ``[N, T, G]``, of the type of ``offset``.
    """
    matrix = interlace_matrix(offset, weight, x.shape[1])
    out, clips = _grouped(x, offset.shape[-1], x, kept.copy_(x))
    out.copy_(_product(matrix, clips))


def interlace_backward_within(
    grad: Tensor, x: Tensor, offset: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Turn the gradient of the interlaced ``x`` into that of ``x``, in its memory.

    Args:
        grad: the shape and dtype of ``x``; also a slice of a wider tensor.
        x, offset, weight: as they went into :func:`interlace_within`.

    Returns:
        Gradients of ``offset`` and ``weight``.
    """
    offset, weight = offset.detach().requires_grad_(), weight.detach().requires_grad_()
    with torch.enable_grad():
        matrix = interlace_matrix(offset, weight, x.shape[1])
    grad_x, grad_output, x = _grouped(grad, offset.shape[-1], grad, grad.clone(), x)
    grad_x.copy_(_product(matrix.detach().mT, grad_output))
    grad_matrix = grad_output.flatten(3).to(matrix.dtype) @ x.flatten(3).to(matrix.dtype).mT
    grad_offset, grad_weight = torch.autograd.grad(matrix, (offset, weight), grad_matrix)
    return grad_offset, grad_weight


def _apply(matrix: Tensor, x: Tensor) -> Tensor:
    """``[N, G, T, T]`` times ``[N, T, C, *]`` -> ``[N, T, C, *]``, differentiable."""
    grouped = x.flatten(2).unflatten(2, (matrix.shape[1], -1)).transpose(1, 2)
    return _product(matrix, grouped).transpose(1, 2).reshape(x.shape).to(x.dtype)


def _product(matrix: Tensor, grouped: Tensor) -> Tensor:
    """``[N, G, T, T]`` times ``[N, G, T, *]`` -> ``[N, G, T, *]`` in the precision of the matrix."""
    # Autocast would round to half precision what the operator promises to compute in single.
    with _no_autocast(grouped.device.type):
        return (matrix @ grouped.flatten(3).to(matrix.dtype)).reshape(grouped.shape)


def _no_autocast(device_type: str) -> AbstractContextManager:
    # torch 2.11's compiler cannot ask.
    if is_compiling() or has_autocast(device_type):
        return torch.autocast(device_type, enabled=False)
    return nullcontext()  # the meta device, on which costs are counted


def _grouped(like: Tensor, groups: int, *tensors: Tensor) -> list[Tensor]:
    """Views ``[N, G, T, *]`` of ``[N, T, C, *]`` whose last dimensions follow the memory of ``like``."""
    views = [tensor.unflatten(2, (groups, -1)).transpose(1, 2) for tensor in tensors]
    channels_last = like.dim() > 3 and like.stride(2) == 1
    return [view.movedim(3, -1) if channels_last else view for view in views]
