"""r-TCN: what interlacing is measured against, a 2D ResNet with learned temporal convolutions."""

import torch
from mmaction.models.backbones.resnet_tin import CombineNet
from mmaction.registry import MODELS
from torch import Tensor, nn

from mmtin.errors import UserError
from mmtin.models.temporal_interlace import check_whole_clips
from mmtin.models.tin_resnet import TINResNet


class TemporalConvolution(nn.Module):
    """A ``k x 1 x 1`` convolution over the frames of a clip, zero beyond its ends.

    The first ``in_channels / shift_div`` channels take part, each output seeing all of them; the rest
    pass through. Weights start as the identity (Dirac), so that a pretrained 2D network around it starts
    as what it was.

    Args:
        in_channels: C.
        num_segments: T, frames in a clip.
        shift_div: one in ``shift_div`` channels takes part.
        kernel_size: k, frames; odd.

    Raises:
        UserError: if an argument is out of range.
    """

    def __init__(
        self, in_channels: int, num_segments: int = 8, shift_div: int = 1, kernel_size: int = 3
    ) -> None:
        super().__init__()
        if not isinstance(num_segments, int) or num_segments < 1:
            raise UserError(f'num_segments must be a whole number, at least 1, got {num_segments!r}')
        if shift_div < 1 or in_channels % shift_div:
            raise UserError(
                f'shift_div must divide in_channels={in_channels}, got {shift_div}; use 1 for all channels'
            )
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise UserError(f'kernel_size must be odd, in frames, got {kernel_size}')
        self.num_segments = num_segments
        self.folded_channels = in_channels // shift_div
        self.conv = nn.Conv3d(
            self.folded_channels,
            self.folded_channels,
            kernel_size=(kernel_size, 1, 1),
            padding=(kernel_size // 2, 0, 0),
            bias=False,
        )
        nn.init.dirac_(self.conv.weight)

    def forward(self, x: Tensor) -> Tensor:
        """``[N*T, C, H, W]`` -> the same shape and dtype.

        Raises:
            UserError: if the number of frames is not a multiple of ``num_segments``.
        """
        check_whole_clips(x, self.num_segments)
        moving, resting = x[:, : self.folded_channels], x[:, self.folded_channels :]
        clips = moving.unflatten(0, (-1, self.num_segments)).transpose(1, 2)
        moved = self.conv(clips).transpose(1, 2).flatten(0, 1)
        return torch.cat([moved, resting], dim=1) if resting.shape[1] else moved


@MODELS.register_module()
class RTCNResNet(TINResNet):
    """TINResNet's trunk with a ``3 x 1 x 1`` temporal convolution wherever that interlaces.

    Interlacing is a temporal convolution whose kernel is regularised to two neighbouring taps, the same
    for all channels of a group, at a place that depends on the clip (paper, section "Analysis": r-TCN).
    Here nothing of that is imposed: the kernel is a free, full ``C x C`` matrix for each of three frames,
    trained like any other, and the same for every clip. It covers all channels and mixes them, since that
    is the power which the paper says interlacing has at a sixth of the latency; a depthwise kernel would
    be about as cheap as interlacing itself.

    Args:
        depth: 18, 34, 50, 101 or 152.
        num_segments: T, frames in a clip.
        shift_div: one in ``shift_div`` channels is convolved over time; 1 is all.
        kernel_size: frames that the kernel spans; odd.
        kwargs: arguments of TINResNet. Checkpoints of TSN load; so do those of TSM and TIN, without what
            shifts or interlaces. ``groups``, ``reverse``, ``max_offset`` and ``initial_offset`` have
            no meaning here.

    Raises:
        UserError: if an argument is out of range or a checkpoint does not fit.
    """

    def __init__(
        self, depth: int, num_segments: int = 8, shift_div: int = 1, kernel_size: int = 3, **kwargs
    ) -> None:
        self.kernel_size = kernel_size
        super().__init__(depth, num_segments=num_segments, shift_div=shift_div, **kwargs)

    def make_temporal_conv(self, conv: nn.Conv2d, num_segments: int) -> nn.Module:
        """Put a TemporalConvolution where TINResNet interlaces."""
        convolution = TemporalConvolution(conv.in_channels, num_segments, self.shift_div, self.kernel_size)
        return CombineNet(convolution, conv)
