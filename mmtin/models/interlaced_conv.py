"""What stands in the place of a block's first convolution: interlacing and the convolution, as one.

It is MMAction2's CombineNet, whose names it keeps, so that its checkpoints load.
"""

from mmaction.models.backbones.resnet_tin import CombineNet
from mmcv.cnn.bricks.wrappers import Conv2d
from torch import Tensor, nn

from mmtin.models.module_hooks import has_hooks
from mmtin.models.offset_nets import OffsetNet, WeightNet
from mmtin.models.temporal_interlace import Stream, TemporalInterlace, check_whole_clips, memory_format
from mmtin.ops.backend import InPlaceBackend, in_place_backend
from mmtin.ops.descriptor import describe
from mmtin.ops.interlaced_conv import convolution_arguments, interlaced_conv2d

# Those that do what torch.convolution does; mmcv's differs in empty inputs on old versions of torch.
_PLAIN_CONVOLUTIONS = (nn.Conv2d, Conv2d)
# The networks that a backend may know how to compute, and their layers.
_NETWORKS = OffsetNet, WeightNet, nn.Conv1d, nn.Linear, nn.Linear, nn.Conv1d


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

        The result does not depend on the way taken. Outside eager mode, with MMTIN_IN_PLACE=0, or if a hook
        waits for what lies between the two, the interlaced frames are a tensor of their own.
        """
        interlace, conv = self.net1, self.net2
        if interlace.stream is not None:
            return self._step(x, interlace.stream)
        backend = in_place_backend(x) if self._is_plain() else None
        if backend is None:
            return super().forward(x)
        check_whole_clips(x, interlace.num_segments)
        channels = interlace.folded_channels
        x, offset, weight = _predict(interlace, x, backend)
        return interlaced_conv2d(
            x, offset, weight, conv.weight, conv.bias, convolution_arguments(conv), channels, backend
        )

    def _step(self, x: Tensor, stream: Stream) -> Tensor:
        """The same for the next frame of streams ``[N, C, H, W]``."""
        interlace, conv = self.net1, self.net2
        if not self._is_plain() or in_place_backend(x) is None:
            return super().forward(x)
        moving = x.data[:, : interlace.folded_channels]
        kept = moving.clone(memory_format=memory_format(x))
        try:
            _, stream.state = interlace.step_moving(kept, stream.state, out=moving)
            return conv(x)
        finally:
            moving.copy_(kept)

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Take the convolution's weights by their names in the 2D network, too."""
        own = tuple(f'{prefix}{name}.' for name in ('net1', 'net2'))
        for key in [key for key in state_dict if key.startswith(prefix) and not key.startswith(own)]:
            state_dict[f'{prefix}net2.{key.removeprefix(prefix)}'] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args)

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


def _predict(
    interlace: TemporalInterlace, x: Tensor, backend: InPlaceBackend
) -> tuple[Tensor, Tensor, Tensor]:
    """``x``, and offsets and weights of its clips; by the backend where it can."""
    channels, offset_net = interlace.folded_channels, interlace.offset_net
    if backend.predict is not None:
        parameters = _plain_parameters(interlace, x)
        if parameters is not None:
            return backend.predict(x, channels, parameters, offset_net.max_offset, interlace.reverse)
    x, descriptor = describe(x, channels, interlace.num_segments)
    return x, *interlace.offsets_and_weights(descriptor)


def _plain_parameters(interlace: TemporalInterlace, x: Tensor) -> list[Tensor] | None:
    """Weight and bias of each layer of the two networks.

    None if a hook waits for what they do, or if they are not as they were built: of other types, as
    adapters and quantised layers are, of other sizes, on another device or of another type than the clips.
    """
    offset_net, weight_net = interlace.offset_net, interlace.weight_net
    if not isinstance(offset_net, OffsetNet):
        return None
    layers = offset_net.conv, offset_net.fc1, offset_net.fc2, weight_net.conv
    modules = offset_net, weight_net, *layers
    if tuple(map(type, modules)) != _NETWORKS or any(map(has_hooks, modules)):
        return None
    parameters: list = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]
    channels, frames, groups = (
        interlace.folded_channels,
        interlace.num_segments,
        offset_net.fc2.out_features,
    )
    shapes = (
        *((1, channels, 3), (1,), (frames, frames), (frames,), (groups, frames), (groups,)),
        *((groups, channels, 3), (groups,)),
    )
    for parameter, shape in zip(parameters, shapes):
        if type(parameter) not in (Tensor, nn.Parameter) or parameter.shape != shape:
            return None
        if parameter.dtype != x.dtype or parameter.device != x.device or not parameter.is_contiguous():
            return None
    return parameters
