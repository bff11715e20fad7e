"""The small networks that predict offsets and weights from the description of a clip.

Parameter names of the paper's two are those of MMAction2's ResNetTIN, so that its checkpoints load.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmtin.compat.torch import at_least_single

KERNEL_SIZE = 3  # of all convolutions along time
HIDDEN_CHANNELS = 16  # between the two of FrameOffsetNet


class OffsetNet(nn.Module):
    """Predict how far each group moves in a clip.

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
        self.conv = nn.Conv1d(in_channels, 1, KERNEL_SIZE, padding=1)
        self.fc1 = nn.Linear(num_segments, num_segments)
        self.fc2 = nn.Linear(num_segments, groups)
        # What forward makes initial_offset of: 0.5108, as in the authors' code, where it is R / 4.
        nn.init.constant_(self.fc2.bias, _logit(initial_offset, -max_offset, max_offset))

    def forward(self, descriptor: Tensor) -> Tensor:
        """``[N, C', T]`` -> offsets ``[N, G]`` in frames."""
        hidden = self.fc1(self.conv(descriptor).squeeze(1)).relu()
        return self.max_offset * 2 * (_at_least_single(self.fc2(hidden)).sigmoid() - 0.5)


class FrameOffsetNet(nn.Module):
    """Predict how far each group moves in each frame, by two convolutions along time.

    Unlike :class:`OffsetNet`, it fits any number of frames.

    Args:
        in_channels: C', channels that take part.
        groups: G, learned groups.
        max_offset: R, frames; offsets lie in (-R, R), if ``causal`` in (0, R).
        initial_offset: frames that every group starts with, but for what the random weights add.
        causal: look at a frame and those before it alone.
    """

    def __init__(
        self, in_channels: int, groups: int, max_offset: float, initial_offset: float, causal: bool = False
    ) -> None:
        super().__init__()
        self.max_offset = max_offset
        self.min_offset = 0.0 if causal else -max_offset
        self.conv1 = temporal_conv(in_channels, HIDDEN_CHANNELS, causal)
        self.conv2 = temporal_conv(HIDDEN_CHANNELS, groups, causal)
        bias: Tensor = self.conv2.bias  # type: ignore[assignment]  # it has one
        nn.init.constant_(bias, _logit(initial_offset, self.min_offset, max_offset))

    def forward(self, descriptor: Tensor) -> Tensor:
        """``[N, C', T]`` -> offsets ``[N, T, G]`` in frames."""
        return self._offsets(self.conv2(self.conv1(descriptor).relu()).transpose(1, 2))

    def step(self, descriptors: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """The offsets of the newest frame.

        Args:
            descriptors: ``[N, C', 3]``, of this frame last.
            hidden: ``[N, 16, 2]``, what this returned for the two frames before.

        Returns:
            Offsets ``[N, G]`` in frames, and the ``hidden`` of the next frame.
        """
        newest = last_frame(self.conv1, descriptors).relu()
        hidden = torch.cat([hidden, newest[:, :, None]], dim=2)
        return self._offsets(last_frame(self.conv2, hidden)), hidden[:, :, 1:]

    def _offsets(self, x: Tensor) -> Tensor:
        return self.min_offset + (self.max_offset - self.min_offset) * _at_least_single(x).sigmoid()


class WeightNet(nn.Module):
    """Predict how much each frame counts in each group.

    Args:
        in_channels: C', channels that take part.
        groups: G, learned groups.
        causal: look at a frame and those before it alone.
    """

    def __init__(self, in_channels: int, groups: int, causal: bool = False) -> None:
        super().__init__()
        self.conv = temporal_conv(in_channels, groups, causal)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, descriptor: Tensor) -> Tensor:
        """``[N, C', T]`` -> weights ``[N, T, G]`` in (0, 2), near 1 at the start."""
        return self._weights(self.conv(descriptor)).transpose(1, 2)

    def step(self, descriptors: Tensor) -> Tensor:
        """``[N, C', 3]``, of the newest frame last -> its weights ``[N, G]``."""
        return self._weights(last_frame(self.conv, descriptors))

    def _weights(self, x: Tensor) -> Tensor:
        return 2 * _at_least_single(x).sigmoid()


class CausalConv1d(nn.Conv1d):
    """A convolution along time that looks at a frame and those before it."""

    def forward(self, input: Tensor) -> Tensor:
        """``[N, C, T]`` -> ``[N, C_out, T]``."""
        return super().forward(functional.pad(input, (self.kernel_size[0] - 1, 0)))


def temporal_conv(in_channels: int, out_channels: int, causal: bool) -> nn.Conv1d:
    """A convolution along time that keeps the number of frames; its parameters fit both kinds."""
    if causal:
        return CausalConv1d(in_channels, out_channels, KERNEL_SIZE)
    return nn.Conv1d(in_channels, out_channels, KERNEL_SIZE, padding=KERNEL_SIZE // 2)


def last_frame(conv: nn.Conv1d, x: Tensor) -> Tensor:
    """What a causal convolution makes of the last of the frames ``[N, C, 3]``: ``[N, C_out]``."""
    # On so little this takes a fifth of the time of a convolution.
    return functional.linear(x.flatten(1), conv.weight.flatten(1), conv.bias)


def _logit(value: float, low: float, high: float) -> float:
    return math.log((value - low) / (high - value))


def _at_least_single(x: Tensor) -> Tensor:
    """Half precision would place an offset near 4 frames to 1/64 (bfloat16) of a frame only."""
    return x.to(at_least_single(x.dtype))
