"""What stands in the place of a block's first convolution: interlacing and the convolution, as one.

It is MMAction2's CombineNet, whose names it keeps, so that its checkpoints load.
"""

from mmaction.models.backbones.resnet_tin import CombineNet
from mmcv.cnn.bricks.wrappers import Conv2d
from torch import Tensor, nn
from torch.nn.modules import module as _all_modules

from mmtin.models.temporal_interlace import TemporalInterlace, check_whole_clips
from mmtin.ops.backend import in_place_backend
from mmtin.ops.interlaced_conv import convolution_arguments, describe, interlaced_conv2d

# Those that do what torch.convolution does; mmcv's differs in empty inputs on old versions of torch.
_PLAIN_CONVOLUTIONS = (nn.Conv2d, Conv2d)


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
        backend = in_place_backend(x) if self._is_plain() else None
        if backend is None:
            return super().forward(x)
        check_whole_clips(x, interlace.num_segments)
        channels = interlace.folded_channels
        x, descriptor = describe(x, channels, interlace.num_segments)
        offset, weight = interlace.offsets_and_weights(descriptor)
        return interlaced_conv2d(
            x, offset, weight, conv.weight, conv.bias, convolution_arguments(conv), channels, backend
        )

    def _is_plain(self) -> bool:
        conv = self.net2
        return (
            type(conv) in _PLAIN_CONVOLUTIONS
            and type(self.net1) is TemporalInterlace
            and conv.padding_mode == 'zeros'
            and not isinstance(conv.padding, str)  # 'same' may pad one side more than the other
            and self.net1.folded_channels > 1  # a single channel has no memory format to tell
            and not _has_hooks(conv)
            and not _has_hooks(self.net1)
        )


def _has_hooks(module: nn.Module) -> bool:
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
