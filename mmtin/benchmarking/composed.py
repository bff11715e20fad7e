"""TIN as composed in MMAction2: two integer shifts with zero padding, and a chain of products.

On CUDA this is MMAction2's own code, with mmcv's compiled operator. mmcv has no operator for the CPU; there
one copy per clip and group replaces its kernel, and one in the opposite direction its gradient, at the cost
of a port. All else is composed as there.
"""

import torch
from mmaction.models.backbones import resnet_tin
from torch import Tensor, nn

from mmtin.ops import tin_shift
from mmtin.ops.reference import interlace_by_two_shifts, per_channel


def mmaction2_interlace(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    """MMAction2's counterpart of :func:`mmtin.ops.temporal_interlace`.

    On CUDA its gradient of x is wrong: mmcv's backward kernel shifts in the wrong direction.

    Raises:
        ImportError: on CUDA without mmcv's compiled operators.
    """
    if not x.is_cuda:
        return interlace_by_two_shifts(_Shift.apply, x, offset, weight)
    return resnet_tin.linear_sampler(x, offset) * per_channel(weight, x)


class ComposedInterlace(resnet_tin.TemporalInterlace):
    """MMAction2's module with a shift that runs anywhere and has the right gradient."""

    def forward(self, x: Tensor) -> Tensor:
        """``[N*T, C, H, W]`` -> the same shape."""
        folded = self.in_channels // self.shift_div
        clips = x[:, :folded].unflatten(0, (-1, self.num_segments))
        descriptor = clips.mean(3).mean(3).transpose(1, 2).contiguous()
        offset = self.offset_net(descriptor).flatten(1)
        offset = torch.cat([offset, -offset], 1)
        weight = self.weight_net(descriptor).repeat(1, 1, 2)
        moved = interlace_by_two_shifts(_Shift.apply, clips.contiguous(), offset, weight)
        output = torch.zeros(x.shape, device=x.device)
        output[:, :folded] = moved.flatten(0, 1)
        output[:, folded:] = x[:, folded:]
        return output


def compose(backbone: nn.Module) -> nn.Module:
    """Replace MMAction2's TemporalInterlace by ComposedInterlace, with new weights."""
    for block in backbone.modules():
        if isinstance(block, resnet_tin.CombineNet):
            theirs = block.net1
            block.net1 = ComposedInterlace(theirs.in_channels, theirs.num_segments, theirs.shift_div)
    return backbone


class _Shift(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input: Tensor, shift: Tensor) -> Tensor:
        ctx.save_for_backward(shift)
        return tin_shift(input, shift, 'reference')

    @staticmethod
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None]:
        (shift,) = ctx.saved_tensors
        return tin_shift(grad_output, -shift, 'reference'), None
