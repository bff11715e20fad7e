"""The temporal interlace module (paper, section "Temporal Interlacing Network").

Parameter names are those of MMAction2's ResNetTIN, so that its checkpoints load.
"""

import math

import torch
from mmaction.models.backbones.resnet_tin import CombineNet
from mmaction.registry import MODELS
from mmcv.cnn.bricks.wrappers import Conv2d
from torch import Tensor, nn
from torch.nn.modules import module as _all_modules

from mmtin.errors import UserError
from mmtin.ops import TINShift, native, temporal_interlace
from mmtin.ops.interlace import kernels_in_place
from mmtin.ops.interlaced_conv import convolution_arguments, describe, interlaced_conv2d
from mmtin.ops.native.conv import Prediction
from mmtin.ops.native.conv import interlaced_conv2d as native_conv2d

MODELS.register_module(module=TINShift)

# Those that do what torch.convolution does; mmcv's differs in empty inputs on old versions of torch.
_PLAIN_CONVOLUTIONS = (nn.Conv2d, Conv2d)


class OffsetNet(nn.Module):
    """Predict how far each group moves.

    Args:
        in_channels: C', channels that take part.
        groups: G, learned groups.
        num_segments: T, frames; the linear layers are tied to it.
        max_offset: R, frames; offsets lie in (-R, R).
    """

    def __init__(self, in_channels: int, groups: int, num_segments: int, max_offset: float) -> None:
        super().__init__()
        self.max_offset = max_offset
        self.conv = nn.Conv1d(in_channels, 1, kernel_size=3, padding=1)
        self.fc1 = nn.Linear(num_segments, num_segments)
        self.fc2 = nn.Linear(num_segments, groups)
        # sigmoid(0.5108) = 0.625: offsets start near R / 4, one frame for R = 4.
        nn.init.constant_(self.fc2.bias, 0.5108)

    def forward(self, descriptor: Tensor) -> Tensor:
        """``[N, C', T]`` -> offsets ``[N, G]`` in frames."""
        hidden = self.fc1(self.conv(descriptor).squeeze(1)).relu()
        return self.max_offset * 2 * (_at_least_single(self.fc2(hidden)).sigmoid() - 0.5)


class WeightNet(nn.Module):
    """Predict how much each frame counts in each group.

    Args:
        in_channels: C', channels that take part.
        groups: G, learned groups.
    """

    def __init__(self, in_channels: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, groups, kernel_size=3, padding=1)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, descriptor: Tensor) -> Tensor:
        """``[N, C', T]`` -> weights ``[N, T, G]`` in (0, 2), near 1 at the start."""
        return 2 * _at_least_single(self.conv(descriptor)).sigmoid().transpose(1, 2)


# What the native kernels know how to compute: the two networks and their layers.
_NETWORKS = OffsetNet, WeightNet, nn.Conv1d, nn.Linear, nn.Linear, nn.Conv1d


class TemporalInterlace(nn.Module):
    """Slide groups of channels along time by learned offsets and weigh each frame.

    The first ``in_channels / shift_div`` channels take part, the rest pass through. They are pooled
    over space to describe the clip, from which offsets and weights are predicted.

    Args:
        in_channels: C.
        num_segments: T, frames in a clip.
        shift_div: one in ``shift_div`` channels takes part.
        groups: learned offsets.
        reverse: whether each learned offset also moves a second group of channels the other way, with
            the same weights.
        max_offset: R, the largest offset in frames. None means ``num_segments / 2`` as in the paper;
            2.0 is what the public releases and their checkpoints use.

    Raises:
        UserError: if the channels do not divide into the groups, or another argument is out of range.
    """

    def __init__(
        self,
        in_channels: int,
        num_segments: int = 8,
        shift_div: int = 4,
        groups: int = 2,
        reverse: bool = True,
        max_offset: float | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(num_segments, int) or num_segments < 1:
            raise UserError(f'num_segments must be a whole number, at least 1, got {num_segments!r}')
        if max_offset is None:
            max_offset = num_segments / 2
        if not 0 < max_offset < math.inf:
            raise UserError(f'max_offset must be positive and finite, in frames, got {max_offset}')
        directions = 2 if reverse else 1
        if min(shift_div, groups) < 1 or in_channels % (shift_div * groups * directions):
            raise UserError(
                f'in_channels={in_channels} must be a multiple of shift_div * groups'
                f'{" * 2 directions" if reverse else ""} = {shift_div} * {groups}'
                f'{" * 2" if reverse else ""}; change shift_div or groups'
            )
        self.num_segments = num_segments
        self.shift_div = shift_div
        self.reverse = reverse
        self.folded_channels = in_channels // shift_div
        self.offset_net = OffsetNet(self.folded_channels, groups, num_segments, max_offset)
        self.weight_net = WeightNet(self.folded_channels, groups)

    def forward(self, x: Tensor) -> Tensor:
        """``[N*T, C, H, W]`` -> the same shape, dtype and memory format.

        Raises:
            UserError: if the number of frames is not a multiple of ``num_segments``.
        """
        check_whole_clips(x, self.num_segments)
        moving, resting = x[:, : self.folded_channels], x[:, self.folded_channels :]
        clips = moving.unflatten(0, (x.shape[0] // self.num_segments, self.num_segments))
        offset, weight = self.predict(clips.mean(dim=(3, 4)).transpose(1, 2))
        moved = temporal_interlace(clips, offset, weight).flatten(0, 1)
        return torch.cat([moved.contiguous(memory_format=_memory_format(x)), resting], dim=1)

    def predict(self, descriptor: Tensor) -> tuple[Tensor, Tensor]:
        """Offsets ``[N, G']`` in frames and weights ``[N, T, G']`` for clips described by ``[N, C', T]``.

        G' counts the groups that move: the learned ones and, if ``reverse``, their twins. The descriptor
        is the mean over space of the channels that take part.
        """
        offset, weight = self.offset_net(descriptor), self.weight_net(descriptor)
        if self.reverse:
            offset, weight = torch.cat([offset, -offset], 1), torch.cat([weight, weight], 2)
        return offset, weight

    @property
    def prediction(self) -> Prediction:
        """How the two networks predict, apart from their parameters."""
        offset_net = self.offset_net
        return Prediction(
            self.num_segments,
            self.folded_channels,
            offset_net.fc2.out_features,
            self.reverse,
            offset_net.max_offset,
        )

    def unobserved_parameters(self) -> list[Tensor | None] | None:
        """What :func:`mmtin.ops.native.conv.interlaced_conv2d` takes of the two networks.

        None if a hook waits for what they do, or if they are not what it expects: of other types, as
        adapters and quantised layers are, on another device, or not in single precision.
        """
        offset_net, weight_net = self.offset_net, self.weight_net
        layers = offset_net.conv, offset_net.fc1, offset_net.fc2, weight_net.conv
        modules = offset_net, weight_net, *layers
        if tuple(map(type, modules)) != _NETWORKS or any(map(has_hooks, modules)):
            return None
        parameters = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]
        for parameter, shape in zip(parameters, self.prediction.shapes):
            if type(parameter) not in (Tensor, nn.Parameter) or parameter.shape != shape:
                return None
            if parameter.dtype != torch.float32 or not (parameter.is_cpu and parameter.is_contiguous()):
                return None
        return parameters

    def extra_repr(self) -> str:
        return (
            f'num_segments={self.num_segments}, shift_div={self.shift_div}, reverse={self.reverse}, '
            f'max_offset={self.offset_net.max_offset}'
        )


class InterlacedConv(CombineNet):
    """Interlace, then convolve, as one operation where that is possible.

    As one operation it changes its input meanwhile, which therefore must be memory that no other thread
    reads at that time, as the activations within a network are.

    Args:
        interlace: ``net1`` in a state dict, as in MMAction2's ResNetTIN.
        conv: ``net2``.
    """

    def __init__(self, interlace: TemporalInterlace, conv: nn.Conv2d) -> None:
        super().__init__(interlace, conv)

    def forward(self, x: Tensor) -> Tensor:
        """``[N*T, C, H, W]`` -> ``[N*T, C_out, H_out, W_out]``.

        The result does not depend on the way taken. Outside eager mode, or if a hook waits for what lies
        between the two, the interlaced frames are a tensor of their own.
        """
        interlace, conv = self.net1, self.net2
        kernels = kernels_in_place(x) if self._is_plain() else None
        if kernels is None:
            return super().forward(x)
        check_whole_clips(x, interlace.num_segments)
        convolution = conv.weight, conv.bias, convolution_arguments(conv)
        if kernels is native:
            parameters = interlace.unobserved_parameters()
            if parameters is not None:
                return native_conv2d(x, interlace.prediction, parameters, *convolution)
        x, descriptor = describe(x, interlace.folded_channels, interlace.num_segments, kernels)
        offset, weight = interlace.predict(descriptor)
        return interlaced_conv2d(x, offset, weight, *convolution, interlace.folded_channels, kernels)

    def _is_plain(self) -> bool:
        conv = self.net2
        return (
            type(conv) in _PLAIN_CONVOLUTIONS
            and type(self.net1) is TemporalInterlace
            and conv.padding_mode == 'zeros'
            and not isinstance(conv.padding, str)  # 'same' may pad one side more than the other
            and self.net1.folded_channels > 1  # a single channel has no memory format to tell
            and not has_hooks(conv)
            and not has_hooks(self.net1)
        )


def check_whole_clips(x: Tensor, num_segments: int) -> None:
    """Check that the frames ``[N*T, C, H, W]`` are clips of T = ``num_segments`` frames.

    Raises:
        UserError: if they are not.
    """
    if x.shape[0] % num_segments:
        raise UserError(
            f'got {x.shape[0]} frames, which are no whole clips of num_segments={num_segments}; '
            'set num_segments of the backbone to the number of frames per clip that the pipeline samples'
        )


def has_hooks(module: nn.Module) -> bool:
    """Whether somebody listens to what goes into ``module`` or comes out of it."""
    return bool(
        module._forward_hooks
        or _all_modules._global_forward_hooks
        or _all_modules._global_forward_pre_hooks
        or _all_modules._global_backward_hooks
        or _all_modules._global_backward_pre_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )


def _at_least_single(x: Tensor) -> Tensor:
    """Half precision would place an offset near 4 frames to 1/64 (bfloat16) of a frame only."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _memory_format(x: Tensor) -> torch.memory_format:
    channels_last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if channels_last else torch.contiguous_format
