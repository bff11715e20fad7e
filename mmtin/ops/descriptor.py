"""What describes a clip: the mean over space of the channels that take part."""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def describe(x: Tensor, channels: int, num_segments: int) -> tuple[Tensor, Tensor]:
    """Mean over space of the first ``channels``, in a way that costs the gradient one addition.

    Args:
        x: ``[N*T, C, H, W]``.
        channels: C', channels that take part.
        num_segments: T.

    Returns:
        ``x`` itself, for :func:`mmtin.ops.interlaced_conv.interlaced_conv2d` and nothing else, and the
        means ``[N, C', T]``.
    """
    if not torch.is_grad_enabled():
        return x, _mean(x, channels, num_segments)
    return _Describe.apply(x, channels, num_segments)


def moving_channels(x: Tensor, channels: int, num_segments: int) -> Tensor:
    """The first channels of ``[N*T, C, H, W]`` as ``[N, T, C', H, W]``, a view."""
    frames, _, height, width = x.shape
    return x[:, :channels].view(frames // num_segments, num_segments, channels, height, width)


def add_mean_gradient(grad_x: Tensor, grad_descriptor: Tensor) -> Tensor:
    """Add to the gradient of ``x``, in its memory, what comes through the means; returns it."""
    channels, pixels = grad_descriptor.shape[1], grad_x.shape[2:].numel()
    # Side by side, or adding them to pixels whose channels are takes five times as long.
    share = (grad_descriptor / pixels).transpose(1, 2).contiguous().view(-1, channels, 1, 1)
    # interlaced_conv2d made grad_x a moment ago and nobody else has it.
    grad_x[:, :channels].add_(share)
    return grad_x


class _Describe(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, channels, num_segments):
        return x, _mean(x, channels, num_segments)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_x, grad_descriptor):
        return add_mean_gradient(grad_x, grad_descriptor), None, None


def _mean(x: Tensor, channels: int, num_segments: int) -> Tensor:
    return moving_channels(x, channels, num_segments).mean(dim=(3, 4)).transpose(1, 2)
