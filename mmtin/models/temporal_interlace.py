"""The temporal interlace module (paper, section "Temporal Interlacing Network").

Parameter names are those of MMAction2's ResNetTIN, so that its checkpoints load.
"""

import math

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from mmtin.compat.torch import at_least_single
from mmtin.errors import UserError
from mmtin.ops import TINShift, temporal_interlace

MODELS.register_module(module=TINShift)


class OffsetNet(nn.Module):
    """Predict how far each group moves.

    Args:
        in_channels: C', channels that take part.
        groups: G, learned groups.
        num_segments: T, frames; the linear layers are tied to it.
        max_offset: R, frames; offsets lie in (-R, R).
        initial_offset: frames that every group starts with, but for what the random weights add.
    """

    def __init__(
        self,
        in_channels: int,
        groups: int,
        num_segments: int,
        max_offset: float,
        initial_offset: float = 1.0,
    ) -> None:
        super().__init__()
        self.max_offset = max_offset
        self.conv = nn.Conv1d(in_channels, 1, kernel_size=3, padding=1)
        self.fc1 = nn.Linear(num_segments, num_segments)
        self.fc2 = nn.Linear(num_segments, groups)
        # What forward makes initial_offset of: 0.5108, as in the authors' code, where it is R / 4.
        bias = math.log((max_offset + initial_offset) / (max_offset - initial_offset))
        nn.init.constant_(self.fc2.bias, bias)

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


class TemporalInterlace(nn.Module):
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
            2.0 is what the public releases and their checkpoints use.
        initial_offset: frames that every group starts with, whatever R and T. Where ``max_offset`` is None
            and clips have one or two frames, so that R is a frame at most, half of R if that is less.

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
    ) -> None:
        super().__init__()
        if not isinstance(num_segments, int) or num_segments < 1:
            raise UserError(f'num_segments must be a whole number, at least 1, got {num_segments!r}')
        if max_offset is None:
            max_offset = num_segments / 2
            if num_segments <= 2:
                initial_offset = min(initial_offset, max_offset / 2)
        if not 0 < max_offset < math.inf:
            raise UserError(f'max_offset must be positive and finite, in frames, got {max_offset}')
        if not -max_offset < initial_offset < max_offset:
            raise UserError(
                f'initial_offset must be less than max_offset={max_offset:g}, in frames, '
                f'got {initial_offset}; use for instance initial_offset={max_offset / 4:g}'
            )
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
        self.offset_net = OffsetNet(self.folded_channels, groups, num_segments, max_offset, initial_offset)
        self.weight_net = WeightNet(self.folded_channels, groups)

    def forward(self, x: Tensor) -> Tensor:
        """``[N*T, C, H, W]`` -> the same shape, dtype and memory format.

        Raises:
            UserError: if the number of frames is not a multiple of ``num_segments``.
        """
        check_whole_clips(x, self.num_segments)
        moving, resting = x[:, : self.folded_channels], x[:, self.folded_channels :]
        clips = moving.unflatten(0, (x.shape[0] // self.num_segments, self.num_segments))
        offset, weight = self.offsets_and_weights(clips.mean(dim=(3, 4)).transpose(1, 2))
        moved = temporal_interlace(clips, offset, weight).flatten(0, 1)
        return torch.cat([moved.contiguous(memory_format=_memory_format(x)), resting], dim=1)

    def offsets_and_weights(self, descriptor: Tensor) -> tuple[Tensor, Tensor]:
        """Offsets ``[N, G']`` in frames and weights ``[N, T, G']`` for clips described by ``[N, C', T]``.

        G' counts the groups that move: the learned ones and, if ``reverse``, their twins. The descriptor
        is the mean over space of the channels that take part.
        """
        offset, weight = self.offset_net(descriptor), self.weight_net(descriptor)
        if self.reverse:
            offset, weight = torch.cat([offset, -offset], 1), torch.cat([weight, weight], 2)
        return offset, weight

    def extra_repr(self) -> str:
        return (
            f'num_segments={self.num_segments}, shift_div={self.shift_div}, reverse={self.reverse}, '
            f'max_offset={self.offset_net.max_offset}'
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


def _at_least_single(x: Tensor) -> Tensor:
    """Half precision would place an offset near 4 frames to 1/64 (bfloat16) of a frame only."""
    return x.to(at_least_single(x.dtype))


def _memory_format(x: Tensor) -> torch.memory_format:
    channels_last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if channels_last else torch.contiguous_format
