"""What stands in the place of a block's first convolution: interlacing and the convolution, as one.

It is MMAction2's CombineNet, whose names it keeps, so that its checkpoints load.
"""

import torch
from mmaction.models.backbones.resnet_tin import CombineNet
from mmcv.cnn.bricks.wrappers import Conv2d
from torch import Tensor, nn

from mmtin.models.interlace_steps import Stream
from mmtin.models.module_hooks import must_be_called
from mmtin.models.plain_parameters import parameters_of_clips
from mmtin.models.temporal_interlace import TemporalInterlace, check_whole_clips
from mmtin.ops.backend import InPlaceBackend, in_place_backend
from mmtin.ops.descriptor import describe
from mmtin.ops.interlaced_conv import convolution_arguments, interlaced_conv2d
from mmtin.ops.memory_format import memory_format

# Those that do what torch.convolution does; mmcv's differs in empty inputs on old versions of torch.
_PLAIN_CONVOLUTIONS = (nn.Conv2d, Conv2d)


class InterlacedConv(CombineNet):
    """Interlace, then convolve, as one operation where that is possible.

    As one operation it changes its input meanwhile, which therefore must be memory that no other thread
    reads at that time, as the activations within a network are.

    Args:
        interlace: ``net1`` in a state dict, as in MMAction2's ResNetTIN.
        conv: ``net2``; what is not a plain convolution, such as a block of several, sees the interlaced
            frames as a tensor of their own.
    """

    def __init__(self, interlace: TemporalInterlace, conv: nn.Module) -> None:
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
        backend = stream.backend_for(x) if self._is_plain() else None
        if backend is None:
            return super().forward(x)
        moving = x.data[:, : interlace.folded_channels]
        kept = torch.empty_like(moving, memory_format=memory_format(x))
        stream.state = interlace.step_within(moving, kept, stream.state, backend)
        try:
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
            and not must_be_called(conv)
            and not must_be_called(self.net1)
        )


def _predict(
    interlace: TemporalInterlace, x: Tensor, backend: InPlaceBackend
) -> tuple[Tensor, Tensor, Tensor]:
    """``x``, and offsets and weights of its clips; by the backend where it can."""
    channels, offset_net = interlace.folded_channels, interlace.offset_net
    if backend.predict is not None:
        networks = offset_net, interlace.weight_net
        parameters = parameters_of_clips(*networks, x, channels, interlace.num_segments)
        if parameters is not None:
            return backend.predict(x, channels, parameters, offset_net.max_offset, interlace.reverse)
    x, descriptor = describe(x, channels, interlace.num_segments)
    return x, *interlace.offsets_and_weights(descriptor)
