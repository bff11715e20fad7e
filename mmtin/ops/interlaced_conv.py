"""A convolution of interlaced frames that never makes the interlaced tensor.

Most of what interlacing costs is memory: a new tensor as wide as the input, of which three quarters are
a copy. Here the channels that move are interlaced where they lie, the convolution reads the tensor as it
is then, and they are put back. The gradient does the same again, so that training keeps nothing more
than a plain convolution keeps.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mmtin.ops.backend import InPlaceBackend
from mmtin.ops.descriptor import moving_channels


def convolution_arguments(conv: nn.Conv2d) -> tuple:
    """What :func:`torch.convolution` takes behind input, kernel and bias; padding in numbers."""
    return list(conv.stride), list(conv.padding), list(conv.dilation), False, [0, 0], conv.groups


def interlaced_conv2d(
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    geometry: tuple,
    channels: int,
    backend: InPlaceBackend,
) -> Tensor:
    """Convolution of ``x`` whose first ``channels`` are interlaced.

    Args:
        x: ``[N*T, C, H, W]``, as :func:`mmtin.ops.backend.in_place_backend` wants it. Changed meanwhile.
        offset: ``[N, G]`` or ``[N, T, G]``, at least single precision, in frames.
        weight: ``[N, T, G]``.
        kernel, bias: of the convolution.
        geometry: :func:`convolution_arguments`.
        channels: C', channels that take part; a multiple of G.
        backend: what interlaces.

    Returns:
        ``[N*T, C_out, H_out, W_out]``, differentiable once.
    """
    kernel, bias = kernel.to(x.dtype), bias if bias is None else bias.to(x.dtype)
    if not torch.is_grad_enabled():
        with _interlaced(x, offset, weight, channels, backend):
            return torch.convolution(x, kernel, bias, *geometry)
    return _InterlacedConv.apply(x, offset, weight, kernel, bias, geometry, channels, backend)


class _InterlacedConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, offset, weight, kernel, bias, geometry, channels, backend):
        ctx.save_for_backward(x, offset, weight, kernel)
        ctx.bias_sizes = None if bias is None else list(bias.shape)
        ctx.geometry, ctx.channels, ctx.backend = geometry, channels, backend
        with _interlaced(x, offset, weight, channels, backend):
            return torch.convolution(x, kernel, bias, *geometry)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        x, offset, weight, kernel = ctx.saved_tensors
        wants_kernel, wants_bias = ctx.needs_input_grad[3:5]
        wants_x = any(ctx.needs_input_grad[:3])
        with _interlaced(x, offset, weight, ctx.channels, ctx.backend):
            grad_x, grad_kernel, grad_bias = torch.ops.aten.convolution_backward(
                grad_output, x, kernel, ctx.bias_sizes, *ctx.geometry, [wants_x, wants_kernel, wants_bias]
            )
        grad_offset = grad_weight = None
        if wants_x:
            num_segments = weight.shape[1]
            clips = (moving_channels(tensor, ctx.channels, num_segments) for tensor in (grad_x, x))
            grad_offset, grad_weight = ctx.backend.interlace_backward_within(*clips, offset, weight)
        return grad_x, grad_offset, grad_weight, grad_kernel, grad_bias, None, None, None


@contextmanager
def _interlaced(
    x: Tensor, offset: Tensor, weight: Tensor, channels: int, backend: InPlaceBackend
) -> Iterator[None]:
    """Interlace the first ``channels`` of ``x`` in place, and put them back at the end."""
    # Unseen by autograd: others may have saved x for their gradient, and will find it as it was.
    moving = moving_channels(x.data, channels, weight.shape[1])
    kept = torch.empty_like(moving)
    backend.interlace_within(moving, kept, offset, weight)
    try:
        yield
    finally:
        moving.copy_(kept)
