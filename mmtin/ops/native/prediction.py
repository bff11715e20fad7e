"""What a clip is described by, and OffsetNet and WeightNet, in C with their gradients.

In torch they are some forty operations, most on a few numbers, which take longer than the interlacing.
"""

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmtin.ops.descriptor import add_mean_gradient, moving_channels
from mmtin.ops.native.build import load
from mmtin.ops.native.layout import pointer, runs


class _Networks(ctypes.Structure):
    """Sizes, and where the parameters or their gradients lie; the structure of ``prediction.c``."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ('clips', 'frames', 'channels', 'groups', 'reverse')),
        ('max_offset', ctypes.c_double),
        ('parameters', ctypes.c_void_p * 8),
    ]


def predict(
    x: Tensor, channels: int, parameters: Sequence[Tensor], max_offset: float, reverse: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Offsets and weights of clips, as :class:`mmtin.models.TemporalInterlace` defines them.

    Args:
        x: ``[N*T, C, H, W]``, float32 or bfloat16, in planes or channels_last, not empty.
        channels: C', more than one, those that take part: the first ones.
        parameters: weight and bias of the offsets' convolution, of ``fc1``, of ``fc2`` and of the weights'
            convolution, of the type of ``x`` or float32, and contiguous.
        max_offset: R, in frames.
        reverse: whether each learned group has a twin that moves the other way.

    Returns:
        ``x`` itself, for :func:`mmtin.ops.interlaced_conv.interlaced_conv2d` and nothing else, offsets
        ``[N, G']`` in frames and weights ``[N, T, G']``, both float32. Differentiable once.
    """
    parameters = [parameter.float() for parameter in parameters]
    if not torch.is_grad_enabled():
        return x, *_predict(x, channels, parameters, max_offset, reverse)[:2]
    return _Predict.apply(x, channels, max_offset, reverse, *parameters)


class _Predict(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, channels, max_offset, reverse, *parameters):
        offset, weight, descriptor = _predict(x, channels, parameters, max_offset, reverse)
        ctx.save_for_backward(descriptor, *parameters)
        ctx.max_offset, ctx.reverse = max_offset, reverse
        return x, offset, weight

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_x, grad_offset, grad_weight):
        descriptor, *parameters = ctx.saved_tensors
        grad_descriptor, *grads = map(torch.zeros_like, (descriptor, *parameters))
        grad_offset, grad_weight = grad_offset.contiguous(), grad_weight.contiguous()
        load().predict_backward(
            _networks(descriptor, ctx.max_offset, ctx.reverse, parameters),
            *map(pointer, (descriptor, grad_offset, grad_weight)),
            _networks(descriptor, ctx.max_offset, ctx.reverse, grads),
            pointer(grad_descriptor),
        )
        return add_mean_gradient(grad_x, grad_descriptor), None, None, None, *grads


def _predict(
    x: Tensor, channels: int, parameters: Sequence[Tensor], max_offset: float, reverse: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The offsets and weights of :func:`predict`, and the descriptor ``[N, C', T]``."""
    num_segments, groups = len(parameters[3]), len(parameters[5]) * (2 if reverse else 1)
    clips = len(x) // num_segments
    descriptor, offset, weight = (
        x.new_empty(shape, dtype=torch.float32)
        for shape in ((clips, channels, num_segments), (clips, groups), (clips, num_segments, groups))
    )
    source = runs(moving_channels(x, channels, num_segments), groups=1)
    assert source is not None, 'x has planes of pixels or channels innermost'
    kernels = load(x.dtype)
    kernels.describe(source.shape, source.view, ctypes.c_int64(channels), pointer(descriptor))
    networks = _networks(descriptor, max_offset, reverse, parameters)
    kernels.predict(networks, *map(pointer, (descriptor, offset, weight)))
    return offset, weight, descriptor


def _networks(descriptor: Tensor, max_offset: float, reverse: bool, tensors: Sequence[Tensor]) -> _Networks:
    clips, channels, frames = descriptor.shape
    addresses = (ctypes.c_void_p * 8)(*[tensor.data_ptr() for tensor in tensors])
    return _Networks(clips, frames, channels, len(tensors[5]), reverse, max_offset, addresses)
