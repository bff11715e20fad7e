"""A convolution of interlaced frames that never makes the interlaced tensor.

Most of what interlacing costs is memory: a new tensor as wide as the input, of which three quarters are
a copy. Here the channels that move are interlaced where they lie, the convolution reads the tensor as it
is then, and they are put back. The gradient does the same again, so that training keeps nothing more
than a plain convolution keeps.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def describe(x: Tensor, channels: int, num_segments: int, kernels: ModuleType) -> tuple[Tensor, Tensor]:
    """Mean over space of the first ``channels``, in a way that costs the gradient one addition.

    Args:
        x: ``[N*T, C, H, W]``.
        channels: C', channels that take part.
        num_segments: T.
        kernels: a backend with ``describe``, else torch's mean is taken.

    Returns:
        ``x`` itself, to be read by :func:`interlaced_conv2d` and nothing else, and ``[N, C', T]``.
    """
    if not torch.is_grad_enabled():
        return x, _mean(x, channels, num_segments, kernels)
    return _Describe.apply(x, channels, num_segments, kernels)


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
    kernels: ModuleType,
) -> Tensor:
    """Convolution of ``x`` whose first ``channels`` are interlaced.

    Args:
        x: ``[N*T, C, H, W]``, as :func:`mmtin.ops.interlace.kernels_in_place` wants it. Changed meanwhile.
        offset: ``[N, G]``, at least single precision, in frames.
        weight: ``[N, T, G]``.
        kernel, bias: of the convolution.
        geometry: :func:`convolution_arguments`.
        channels: C', channels that take part; a multiple of G.
        kernels: a backend with ``interlace_into`` and ``interlace_backward_into``.

    Returns:
        ``[N*T, C_out, H_out, W_out]``, differentiable once.
    """
    kernel, bias = kernel.to(x.dtype), bias if bias is None else bias.to(x.dtype)
    if not torch.is_grad_enabled():
        return _convolve(x, offset, weight, kernel, bias, geometry, channels, kernels)
    return _InterlacedConv.apply(x, offset, weight, kernel, bias, geometry, channels, kernels)


class _Describe(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, channels, num_segments, kernels):
        return x, _mean(x, channels, num_segments, kernels)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_x, grad_descriptor):
        channels, pixels = grad_descriptor.shape[1], grad_x.shape[2:].numel()
        share = grad_descriptor.transpose(1, 2).reshape(-1, channels, 1, 1) / pixels
        # interlaced_conv2d made grad_x a moment ago and nobody else has it.
        grad_x[:, :channels] += share
        return grad_x, None, None, None


class _InterlacedConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, offset, weight, kernel, bias, geometry, channels, kernels):
        ctx.save_for_backward(x, offset, weight, kernel)
        ctx.bias_sizes = None if bias is None else list(bias.shape)
        ctx.geometry, ctx.channels, ctx.kernels = geometry, channels, kernels
        return _convolve(x, offset, weight, kernel, bias, geometry, channels, kernels)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        x, offset, weight, kernel = ctx.saved_tensors
        wants_kernel, wants_bias = ctx.needs_input_grad[3:5]
        wants_x = any(ctx.needs_input_grad[:3])
        with _interlaced(x, offset, weight, ctx.channels, ctx.kernels):
            grad_x, grad_kernel, grad_bias = torch.ops.aten.convolution_backward(
                grad_output, x, kernel, ctx.bias_sizes, *ctx.geometry, [wants_x, wants_kernel, wants_bias]
            )
        grad_offset = grad_weight = None
        if wants_x:
            num_segments = weight.shape[1]
            grad_moving = _moving(grad_x, ctx.channels, num_segments)
            grad_offset, grad_weight = ctx.kernels.interlace_backward_into(
                grad_moving, grad_moving.clone(), _moving(x, ctx.channels, num_segments), offset, weight
            )
        return grad_x, grad_offset, grad_weight, grad_kernel, grad_bias, None, None, None


def _mean(x: Tensor, channels: int, num_segments: int, kernels: ModuleType) -> Tensor:
    moving = _moving(x, channels, num_segments)
    if hasattr(kernels, 'describe'):
        return kernels.describe(moving)
    return moving.mean(dim=(3, 4)).transpose(1, 2)


def _convolve(x, offset, weight, kernel, bias, geometry, channels, kernels) -> Tensor:
    with _interlaced(x, offset, weight, channels, kernels):
        return torch.convolution(x, kernel, bias, *geometry)


@contextmanager
def _interlaced(
    x: Tensor, offset: Tensor, weight: Tensor, channels: int, kernels: ModuleType
) -> Iterator[None]:
    """Interlace the first ``channels`` of ``x`` in place, and put them back at the end."""
    # Others may have saved x for their gradient; they will find it as it was.
    versions = nullcontext() if x.is_inference() else torch.autograd._unsafe_preserve_version_counter(x)
    with versions:
        moving = _moving(x.detach(), channels, weight.shape[1])
        kept = moving.clone()
        try:
            kernels.interlace_into(moving, kept, offset, weight)
            yield
        finally:
            moving.copy_(kept)


def _moving(x: Tensor, channels: int, num_segments: int) -> Tensor:
    """The first channels of ``[N*T, C, H, W]`` as ``[N, T, C', H, W]``, a view."""
    frames, _, height, width = x.shape
    return x[:, :channels].view(frames // num_segments, num_segments, channels, height, width)
