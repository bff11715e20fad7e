"""TIN as MMAction2 trains it: mmcv's ``tin_shift`` with its wrong gradient, in plain torch.

For ablations alone, to measure what the right gradient buys. ``import mmtin`` does not import it.
"""

import torch
from mmaction.models.backbones.resnet_tin import CombineNet
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mmtin.models import TemporalInterlace, TINResNet
from mmtin.ops.reference import interlace_by_two_shifts, tin_shift


class MMCVShift(torch.autograd.Function):
    """What mmcv 2.1.0 launches on CUDA, after its ``tin_shift_cuda_kernel.cuh``, fault included."""

    @staticmethod
    def forward(ctx, input: Tensor, shift: Tensor) -> Tensor:
        ctx.save_for_backward(shift)
        return tin_shift(input, shift)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None]:
        # mmcv's backward kernel repeats its forward kernel: `now_t = i + t_shift` in both.
        (shift,) = ctx.saved_tensors
        return tin_shift(grad_output, shift), None


class MMCVGradientInterlace(nn.Module):
    """A TemporalInterlace whose features are the same and whose gradients move the wrong way in time."""

    def __init__(self, interlace: TemporalInterlace) -> None:
        super().__init__()
        self.interlace = interlace

    def forward(self, x: Tensor) -> Tensor:
        """``[N*T, C, H, W]`` -> the same shape and dtype."""
        width = self.interlace.folded_channels
        clips = x[:, :width].unflatten(0, (-1, self.interlace.num_segments))
        offset, weight = self.interlace.offsets_and_weights(clips.mean(dim=(3, 4)).transpose(1, 2))
        moved = interlace_by_two_shifts(MMCVShift.apply, clips, offset, weight)
        return torch.cat([moved.flatten(0, 1), x[:, width:]], dim=1)


@MODELS.register_module()
class MMCVGradientTINResNet(TINResNet):
    """TINResNet trained by mmcv's gradient. It draws the same start values as TINResNet."""

    def make_temporal_conv(self, conv: nn.Conv2d, num_segments: int) -> nn.Module:
        return CombineNet(MMCVGradientInterlace(self.make_interlace(conv.in_channels, num_segments)), conv)
