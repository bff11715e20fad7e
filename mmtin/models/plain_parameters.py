"""The parameters of the small networks, for a backend that computes them at once.

It may where they are as they were built. They are not if a hook waits for what a layer does, or if a layer
is of another type, as adapters and quantised layers are, of other sizes, on another device, or of numbers
that are neither those of the frames nor single precision.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmtin.models.module_hooks import must_be_called
from mmtin.models.offset_nets import (
    HIDDEN_CHANNELS,
    KERNEL_SIZE,
    CausalConv1d,
    FrameOffsetNet,
    OffsetNet,
    WeightNet,
)

_CLIP_TYPES = OffsetNet, WeightNet, nn.Conv1d, nn.Linear, nn.Linear, nn.Conv1d
_STEP_TYPES = FrameOffsetNet, WeightNet, CausalConv1d, CausalConv1d, CausalConv1d


def parameters_of_clips(
    offset_net: nn.Module, weight_net: WeightNet, x: Tensor, channels: int, num_segments: int
) -> list[Tensor] | None:
    """Weight and bias of each layer of an OffsetNet and its WeightNet.

    Args:
        offset_net, weight_net: the two networks.
        x: the frames.
        channels: C', those that take part.
        num_segments: T.

    Returns:
        None if they are not as built.
    """
    if not isinstance(offset_net, OffsetNet):
        return None
    groups = offset_net.fc2.out_features
    shapes = (
        *((1, channels, KERNEL_SIZE), (1,), (num_segments, num_segments), (num_segments,)),
        *((groups, num_segments), (groups,), (groups, channels, KERNEL_SIZE), (groups,)),
    )
    layers = offset_net.conv, offset_net.fc1, offset_net.fc2, weight_net.conv
    return _parameters((offset_net, weight_net, *layers), _CLIP_TYPES, shapes, x)


def parameters_of_steps(
    offset_net: nn.Module, weight_net: WeightNet, x: Tensor, channels: int
) -> list[Tensor] | None:
    """The same of a causal FrameOffsetNet and its WeightNet."""
    if not isinstance(offset_net, FrameOffsetNet):
        return None
    groups = offset_net.conv2.out_channels
    shapes = (
        *((HIDDEN_CHANNELS, channels, KERNEL_SIZE), (HIDDEN_CHANNELS,)),
        *((groups, HIDDEN_CHANNELS, KERNEL_SIZE), (groups,), (groups, channels, KERNEL_SIZE), (groups,)),
    )
    layers = offset_net.conv1, offset_net.conv2, weight_net.conv
    return _parameters((offset_net, weight_net, *layers), _STEP_TYPES, shapes, x)


def _parameters(
    modules: Sequence[nn.Module], types: Sequence[type], shapes: Sequence[tuple[int, ...]], x: Tensor
) -> list[Tensor] | None:
    """Those of ``modules`` behind the first two, which hold them."""
    if tuple(map(type, modules)) != types or any(map(must_be_called, modules)):
        return None
    parameters: list = [parameter for layer in modules[2:] for parameter in (layer.weight, layer.bias)]
    for parameter, shape in zip(parameters, shapes):
        if type(parameter) not in (Tensor, nn.Parameter) or parameter.shape != shape:
            return None
        if (
            parameter.dtype not in (x.dtype, torch.float32)
            or parameter.device != x.device
            or not parameter.is_contiguous()
        ):
            return None
    return parameters
