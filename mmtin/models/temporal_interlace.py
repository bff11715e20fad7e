"""The temporal interlace module (paper, section "Temporal Interlacing Network")."""

import math

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmtin.checkpoint.max_offset import largest_offset
from mmtin.errors import UserError
from mmtin.models.interlace_steps import InterlaceSteps
from mmtin.models.offset_nets import FrameOffsetNet, OffsetNet, WeightNet
from mmtin.ops import TINShift, temporal_interlace
from mmtin.ops.memory_format import memory_format

MODELS.register_module(module=TINShift)


class TemporalInterlace(InterlaceSteps):
    """Slide groups of channels along time by learned offsets and weigh each frame.

    The first ``in_channels / shift_div`` channels take part, the rest pass through. They are pooled
    over space to describe the clip, from which offsets and weights are predicted.

    Where the paper's text and its authors' code differ, or leave a choice:

    - The paper says that interlacing precedes each convolution of a residual block. Its code, and
      :class:`mmtin.models.TINResNet`, interlace before the first one, ``conv1``, alone.
    - Features that leave the clip are lost, and zeros enter it. So a frame that is moved to a time in
      (-1, 0) or (T - 1, T) fades linearly. This is what the paper's buffer for such times, its "temporal
      extension", comes to; here it takes no memory.
    - The paper's offsets "start from 1" frame and reach half a clip. Those of the public releases start
      from 0.5 frames and reach 2, whatever T is: ``max_offset=2.0, initial_offset=0.5``.

    Args:
        in_channels: C.
        num_segments: T, frames in a clip.
        shift_div: one in ``shift_div`` channels takes part.
        groups: learned offsets.
        reverse: whether each learned offset also moves a second group of channels the other way, with
            the same weights.
        max_offset: R, the largest offset in frames. None means ``num_segments / 2`` as in the paper;
            2.0 is what the public releases and their checkpoints use. With offsets per frame None means 4,
            whatever T is.
        initial_offset: frames that every group starts with, whatever R and T. Where ``max_offset`` is None
            and clips have one or two frames, so that R is a frame at most, half of R if that is less.
        offsets_per: ``'clip'``, as in the paper, or ``'frame'``: each frame has its own, predicted by two
            convolutions along time, so that the weights fit any number of frames.
        causal: move frames to later ones alone and look at no later frame, so that :meth:`step` gives the
            same frame by frame. Needs ``offsets_per='frame'`` and ``reverse=False``; offsets lie in (0, R).
        folded_channels: C', channels that take part, instead of ``in_channels / shift_div`` of them; for
            numbers of channels that do not divide.

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
        initial_offset: float = 1.0,
        offsets_per: str = 'clip',
        causal: bool = False,
        folded_channels: int | None = None,
    ) -> None:
        super().__init__()
        if offsets_per not in ('clip', 'frame'):
            raise UserError(f"offsets_per must be 'clip' or 'frame', got {offsets_per!r}")
        if causal and (reverse or offsets_per != 'frame'):
            raise UserError(
                'causal=True moves frames to later ones alone, by offsets of each frame; set '
                f"offsets_per='frame' and reverse=False, got {offsets_per!r} and {reverse}"
            )
        if not isinstance(num_segments, int) or num_segments < 1:
            raise UserError(f'num_segments must be a whole number, at least 1, got {num_segments!r}')
        is_default = max_offset is None
        max_offset = largest_offset(max_offset, num_segments, offsets_per)
        if is_default and max_offset <= 1:
            initial_offset = min(initial_offset, max_offset / 2)
        if not 0 < max_offset < math.inf:
            raise UserError(f'max_offset must be positive and finite, in frames, got {max_offset}')
        if not (0 if causal else -max_offset) < initial_offset < max_offset:
            raise UserError(
                f'initial_offset must be {"above 0 and " if causal else ""}less than '
                f'max_offset={max_offset:g}, in frames, got {initial_offset}; '
                f'use for instance initial_offset={max_offset / 4:g}'
            )
        moving_groups = groups * 2 if reverse else groups
        if folded_channels is not None:
            if min(folded_channels, groups) < 1 or folded_channels % moving_groups:
                raise UserError(
                    f'folded_channels={folded_channels} must be a multiple of the {moving_groups} groups '
                    'that move; change folded_channels or groups'
                )
        elif min(shift_div, groups) < 1 or in_channels % (shift_div * moving_groups):
            raise UserError(
                f'in_channels={in_channels} must be a multiple of shift_div * groups'
                f'{" * 2 directions" if reverse else ""} = {shift_div} * {groups}'
                f'{" * 2" if reverse else ""}; change shift_div or groups'
            )
        self.num_segments = num_segments
        self.shift_div = shift_div
        self.reverse = reverse
        self.folded_channels = folded_channels or in_channels // shift_div
        self.causal = causal
        if offsets_per == 'frame':
            self.offset_net = FrameOffsetNet(
                self.folded_channels, groups, max_offset, initial_offset, causal
            )
        else:
            self.offset_net = OffsetNet(
                self.folded_channels, groups, num_segments, max_offset, initial_offset
            )
        self.weight_net = WeightNet(self.folded_channels, groups, causal)

    def forward(self, x: Tensor) -> Tensor:
        """``[N*T, C, H, W]`` -> the same shape, dtype and memory format.

        Raises:
            UserError: if the number of frames is not a multiple of ``num_segments``.
        """
        if self.stream is not None:
            out, self.stream.state = self.step(x, self.stream.state)
            return out
        check_whole_clips(x, self.num_segments)
        moving, resting = x[:, : self.folded_channels], x[:, self.folded_channels :]
        clips = moving.unflatten(0, (x.shape[0] // self.num_segments, self.num_segments))
        offset, weight = self.offsets_and_weights(clips.mean(dim=(3, 4)).transpose(1, 2))
        moved = temporal_interlace(clips, offset, weight).flatten(0, 1)
        return torch.cat([moved.contiguous(memory_format=memory_format(x)), resting], dim=1)

    def offsets_and_weights(self, descriptor: Tensor) -> tuple[Tensor, Tensor]:
        """Offsets ``[N, G']`` or ``[N, T, G']`` in frames and weights ``[N, T, G']`` for clips described by
        ``[N, C', T]``.

        G' counts the groups that move: the learned ones and, if ``reverse``, their twins. The descriptor
        is the mean over space of the channels that take part.
        """
        offset, weight = self.offset_net(descriptor), self.weight_net(descriptor)
        if self.reverse:
            offset, weight = torch.cat([offset, -offset], -1), torch.cat([weight, weight], 2)
        return offset, weight

    def extra_repr(self) -> str:
        return (
            f'num_segments={self.num_segments}, shift_div={self.shift_div}, reverse={self.reverse}, '
            f'max_offset={self.offset_net.max_offset}, causal={self.causal}'
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
