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


def describe(x: Tensor, channels: int, num_segments: int) -> tuple[Tensor, Tensor]:
    """Mean over space of the first ``channels``, in a way that costs the gradient one addition.

    Args:
        x: ``[N*T, C, H, W]``.
        channels: C', channels that take part.
        num_segments: T.

    Returns:
        ``x`` itself, to be read by :func:`interlaced_conv2d` and nothing else, and ``[N, C', T]``.
    """
    if not torch.is_grad_enabled():
        return x, _mean(x, channels, num_segments)
    return _Describe.apply(x, channels, num_segments)


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
        offset: ``[N, G]``, at least single precision, in frames.
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


class _Describe(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, channels, num_segments):
        return x, _mean(x, channels, num_segments)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_x, grad_descriptor):
        channels, pixels = grad_descriptor.shape[1], grad_x.shape[2:].numel()
        # Side by side, or adding them to pixels whose channels are takes five times as long.
        share = (grad_descriptor / pixels).transpose(1, 2).contiguous().view(-1, channels, 1, 1)
        # interlaced_conv2d made grad_x a moment ago and nobody else has it.
        grad_x[:, :channels] += share
        return grad_x, None, None


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
            grad_moving = _moving(grad_x, ctx.channels, num_segments)
            grad_offset, grad_weight = ctx.backend.interlace_backward_into(
                grad_moving, grad_moving.clone(), _moving(x, ctx.channels, num_segments), offset, weight
            )
        return grad_x, grad_offset, grad_weight, grad_kernel, grad_bias, None, None, None


@contextmanager
def _interlaced(
    x: Tensor, offset: Tensor, weight: Tensor, channels: int, backend: InPlaceBackend
) -> Iterator[None]:
    """Interlace the first ``channels`` of ``x`` in place, and put them back at the end."""
    # Unseen by autograd: others may have saved x for their gradient, and will find it as it was.
    moving = _moving(x.data, channels, weight.shape[1])
    kept = moving.clone()
    try:
        backend.interlace_into(moving, kept, offset, weight)
        yield
    finally:
        moving.copy_(kept)


def _mean(x: Tensor, channels: int, num_segments: int) -> Tensor:
    return _moving(x, channels, num_segments).mean(dim=(3, 4)).transpose(1, 2)


def _moving(x: Tensor, channels: int, num_segments: int) -> Tensor:
    """The first channels of ``[N*T, C, H, W]`` as ``[N, T, C', H, W]``, a view."""
    frames, _, height, width = x.shape
    return x[:, :channels].view(frames // num_segments, num_segments, channels, height, width)
