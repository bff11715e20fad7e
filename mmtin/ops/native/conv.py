"""The interlaced convolution of a whole module: prediction, interlacing and their gradients in C.

OffsetNet and WeightNet are some thirty tensor operations on a few numbers, which cost more than the
interlacing itself, forwards and backwards. Here they are part of the kernels.
"""

import ctypes
import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmtin.ops.native.build import load
from mmtin.ops.native.layout import Shape, View, pointer, runs


class Prediction(NamedTuple):
    """How OffsetNet and WeightNet predict, apart from their parameters."""

    num_segments: int
    channels: int  # C', those that take part
    groups: int  # learned ones
    reverse: bool  # whether each has a twin that moves the other way
    max_offset: float  # frames

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the parameters, in the order of :func:`interlaced_conv2d`."""
        frames, channels, groups = self.num_segments, self.channels, self.groups
        offset_net = (1, channels, 3), (1,), (frames, frames), (frames,), (groups, frames), (groups,)
        return *offset_net, (groups, channels, 3), (groups,)

    @property
    def moving(self) -> int:
        """G', groups that move."""
        return self.groups * (2 if self.reverse else 1)


def interlaced_conv2d(
    x: Tensor,
    prediction: Prediction,
    parameters: Sequence[Tensor],
    kernel: Tensor,
    bias: Tensor | None,
    geometry: tuple,
) -> Tensor:
    """Convolution of ``x`` whose first channels are interlaced as the networks predict.

    Args:
        x: ``[N*T, C, H, W]``, float32, dense, at least two of whose channels take part. Changed meanwhile.
        prediction: of the networks.
        parameters: weight and bias of the offsets' convolution, of ``fc1``, of ``fc2`` and of the weights'
            convolution, float32 and contiguous.
        kernel, bias, geometry: as :func:`torch.convolution` takes them.

    Returns:
        ``[N*T, C_out, H_out, W_out]``, differentiable once.
    """
    if torch.is_grad_enabled():
        return _InterlacedConv.apply(x, prediction, geometry, kernel, bias, *parameters)
    predicted = x.new_empty(_plan(x.shape, x.stride(), prediction).predicted)
    with _interlaced(x, prediction, parameters, predicted, load().interlace_in_place):
        return torch.convolution(x, kernel, bias, *geometry)


class _InterlacedConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, prediction, geometry, kernel, bias, *parameters):
        predicted = x.new_empty(_plan(x.shape, x.stride(), prediction).predicted)
        with _interlaced(x, prediction, parameters, predicted, load().interlace_in_place):
            output = torch.convolution(x, kernel, bias, *geometry)
        ctx.save_for_backward(x, kernel, predicted, *parameters)
        ctx.prediction, ctx.geometry = prediction, geometry
        ctx.bias_sizes = None if bias is None else list(bias.shape)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        x, kernel, predicted, *parameters = ctx.saved_tensors
        wants_clips = ctx.needs_input_grad[0] or any(ctx.needs_input_grad[5:])
        with _interlaced(x, ctx.prediction, parameters, predicted, load().interlace_again):
            grad_x, grad_kernel, grad_bias = torch.ops.aten.convolution_backward(
                grad_output,
                x,
                kernel,
                ctx.bias_sizes,
                *ctx.geometry,
                [wants_clips, *ctx.needs_input_grad[3:5]],
            )
        grads = [None] * len(parameters)
        if wants_clips:
            grads = _backward_in_place(grad_x, x, ctx.prediction, parameters, predicted)
        return grad_x, None, None, grad_kernel, grad_bias, *grads


class _Networks(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ('clips', 'frames', 'channels', 'groups', 'reverse')),
        ('max_offset', ctypes.c_double),
        ('parameters', ctypes.c_void_p * 8),
    ]


class _Walk(ctypes.Structure):
    _fields_ = [
        *((name, Shape) for name in ('whole', 'grouped')),
        *((name, View) for name in ('x_whole', 'x_grouped', 'kept_whole', 'kept_grouped')),
    ]


class _Plan(NamedTuple):
    """What the kernels need to know of clips apart from their address."""

    walk: _Walk
    clips: int
    kept: int  # numbers in the channels that move
    predicted: int  # numbers in descriptor [N, C', T], offset [N, G'] and weight [N, T, G'], in this order
    offset: int  # bytes before it
    weight: int
    sums: int  # numbers that the gradient sums up


@functools.lru_cache(maxsize=1024)  # a network has some dozens, and looking one up is faster
def _plan(shape: torch.Size, stride: tuple[int, ...], prediction: Prediction) -> _Plan:
    num_segments, channels, moving = prediction.num_segments, prediction.channels, prediction.moving
    x = torch.empty_strided(shape, stride, device='meta')
    clips = shape[0] // num_segments
    x = x[:, :channels].view(clips, num_segments, channels, *shape[2:])
    kept = torch.empty_like(x)
    whole, grouped, kept_whole, kept_grouped = (
        runs(t, groups) for t in (x, kept) for groups in (1, moving)
    )
    walk = _Walk(whole.shape, grouped.shape, whole.view, grouped.view, kept_whole.view, kept_grouped.view)
    described = clips * channels * num_segments
    return _Plan(
        walk=walk,
        clips=clips,
        kept=kept.numel(),
        predicted=described + clips * moving * (1 + num_segments),
        offset=4 * described,
        weight=4 * (described + clips * moving),
        sums=clips * load().tiles_of_a_group(grouped.shape) * moving * 2 * num_segments,
    )


def _networks(clips: int, prediction: Prediction, parameters: Sequence[Tensor]) -> _Networks:
    num_segments, channels, groups, reverse, max_offset = prediction
    return _Networks(clips, num_segments, channels, groups, reverse, max_offset, _addresses(parameters))


def _addresses(tensors: Sequence[Tensor]) -> ctypes.Array:
    return (ctypes.c_void_p * len(tensors))(*[tensor.data_ptr() for tensor in tensors])


def _places(predicted: Tensor, plan: _Plan) -> list[ctypes.c_void_p]:
    """The addresses of descriptor, offsets and weights."""
    first = predicted.data_ptr()
    return [ctypes.c_void_p(first + skipped) for skipped in (0, plan.offset, plan.weight)]


@contextmanager
def _interlaced(
    x: Tensor, prediction: Prediction, parameters: Sequence[Tensor], predicted: Tensor, how: Callable
) -> Iterator[None]:
    """Interlace the first channels of ``x`` in place, and put them back at the end.

    ``how`` is the kernel ``interlace_in_place``, which predicts too, or ``interlace_again``.

    Kernels write through addresses, unseen by autograd: others who saved ``x`` find it as it was.
    """
    plan = _plan(x.shape, x.stride(), prediction)
    if not plan.kept:
        yield
        return
    kept = x.new_empty(plan.kept)
    memory = ctypes.byref(plan.walk), pointer(x), pointer(kept)
    how(*memory, ctypes.byref(_networks(plan.clips, prediction, parameters)), *_places(predicted, plan))
    try:
        yield
    finally:
        load().put_back(*memory)


def _backward_in_place(
    grad_x: Tensor, x: Tensor, prediction: Prediction, parameters: Sequence[Tensor], predicted: Tensor
) -> list[Tensor]:
    """Turn the gradient of the interlaced frames into that of ``x``; return those of ``parameters``."""
    grads = [torch.zeros_like(parameter) for parameter in parameters]
    if grad_x.stride() != x.stride():
        x = torch.empty_like(grad_x).copy_(x)
    plan = _plan(x.shape, x.stride(), prediction)
    if not plan.kept:
        return grads
    kept, sums, grad_descriptor = map(x.new_empty, (plan.kept, plan.sums, plan.predicted))
    grad_offset = x.new_empty(plan.clips, prediction.moving, dtype=torch.float64)
    grad_weight = x.new_empty(plan.clips, prediction.num_segments, prediction.moving, dtype=torch.float64)
    load().interlace_in_place_backward(
        ctypes.byref(plan.walk), *map(pointer, (grad_x, kept, x)),
        ctypes.byref(_networks(plan.clips, prediction, parameters)), *_places(predicted, plan),
        *map(pointer, (sums, grad_offset, grad_weight)), _addresses(grads), pointer(grad_descriptor),
    )  # fmt: skip
    return grads
