"""Interlacing frame by frame, for causal networks: what a step does, and what it remembers."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmtin.errors import UserError
from mmtin.models.offset_nets import HIDDEN_CHANNELS, KERNEL_SIZE, FrameOffsetNet, OffsetNet, WeightNet
from mmtin.models.plain_parameters import parameters_of_steps
from mmtin.ops.backend import InPlaceBackend
from mmtin.ops.memory_format import is_dense, memory_format
from mmtin.ops.newest import interlace_newest


class InterlaceState(NamedTuple):
    """What a causal TemporalInterlace keeps of the frames before, of size that does not grow.

    All zeros is the state before the first frame.

    Attributes:
        frames: ``[N, C', h, w]`` each, the channels that take part of the K frames before, the newest last;
            K is R, rounded up.
        descriptors: ``[N, C', 2]``, the means over space of the two frames before.
        hidden: ``[N, 16, 2]``, of :class:`mmtin.models.offset_nets.FrameOffsetNet`.
    """

    frames: tuple[Tensor, ...]
    descriptors: Tensor
    hidden: Tensor


@dataclass
class Stream:
    """While a network goes frame by frame, where a module's state is read and left.

    Attributes:
        state: of this module.
        backend: what may work in the memory of the network's activations; found once a step, for its input.
        kind: type and device of that input.
    """

    state: InterlaceState | None
    backend: InPlaceBackend | None
    kind: tuple[torch.dtype, torch.device]

    def backend_for(self, x: Tensor) -> InPlaceBackend | None:
        """What may work in the memory of activations ``[N, C, h, w]`` that are like the network's input."""
        alike = type(x) is Tensor and (x.dtype, x.device) == self.kind and is_dense(x)
        return self.backend if alike else None


class InterlaceSteps(nn.Module):
    """The part of a :class:`mmtin.models.TemporalInterlace` that goes frame by frame."""

    folded_channels: int
    causal: bool
    offset_net: OffsetNet | FrameOffsetNet
    weight_net: WeightNet
    stream: Stream | None = None  # one only within mmtin.models.stream_step

    def step(self, x: Tensor, state: InterlaceState | None = None) -> tuple[Tensor, InterlaceState]:
        """The next frame of each of N streams: what the module gives for it in a clip of all frames.

        Args:
            x: ``[N, C, h, w]``.
            state: what this returned for the frame before; None before the first one.

        Returns:
            ``[N, C, h, w]``, and the state for the next frame. Not differentiable.

        Raises:
            UserError: if the module is not causal, or the state of other streams.
        """
        moving, resting = x[:, : self.folded_channels], x[:, self.folded_channels :]
        moved, state = self.step_moving(moving.clone(memory_format=memory_format(x)), state)
        return torch.cat([moved, resting], dim=1), state

    @torch.no_grad()
    def step_moving(
        self, moving: Tensor, state: InterlaceState | None, out: Tensor | None = None
    ) -> tuple[Tensor, InterlaceState]:
        """:meth:`step` of the channels that take part.

        Args:
            moving: ``[N, C', h, w]``; the state keeps it.
            state: as in :meth:`step`.
            out: memory for the result, for instance a slice of the channels of a wider tensor.
        """
        state = self._checked(moving, state)
        descriptors = torch.cat([state.descriptors, moving.mean(dim=(2, 3))[:, :, None]], dim=2)
        offset, hidden = self.offset_net.step(descriptors, state.hidden)
        weight = self.weight_net.step(descriptors)
        frames = (*state.frames, moving)
        moved = interlace_newest(frames, offset, weight, out)
        return moved, InterlaceState(frames[1:], descriptors[:, :, 1:], hidden)

    @torch.no_grad()
    def step_within(
        self, moving: Tensor, kept: Tensor, state: InterlaceState | None, backend: InPlaceBackend
    ) -> InterlaceState:
        """:meth:`step_moving` in the memory of ``moving``.

        Args:
            moving: ``[N, C', h, w]``, a slice of a wider tensor's channels; becomes the interlaced frame.
            kept: dense memory of the same layout; takes a copy of ``moving``, which the state keeps.
            state: as in :meth:`step`.
            backend: what may do it at once.
        """
        state = self._checked(moving, state)
        networks = self.offset_net, self.weight_net
        parameters = None
        if backend.step is not None:
            parameters = parameters_of_steps(*networks, moving, self.folded_channels)
        if backend.step is None or parameters is None:
            return self.step_moving(kept.copy_(moving), state, out=moving)[1]
        frames = (*state.frames, kept)
        descriptors, hidden = backend.step(
            moving, frames, state.descriptors, state.hidden, parameters, self.offset_net.max_offset
        )
        return InterlaceState(frames[1:], descriptors, hidden)

    def _checked(self, moving: Tensor, state: InterlaceState | None) -> InterlaceState:
        """``state``, or that before the first frame.

        Raises:
            UserError: as :meth:`step`.
        """
        if not self.causal:
            raise UserError('a network that is not causal takes whole clips; build it with causal=True')
        if state is None:
            return self.first_state(moving)
        if state.frames[0].shape != moving.shape:
            raise UserError(
                'the state is of other streams: of [streams, channels, height, width] '
                f'{list(state.frames[0].shape)}, not {list(moving.shape)}; start with state=None'
            )
        if state.frames[0].dtype != moving.dtype:
            frames, *others = state
            frames = tuple(frame.to(moving.dtype) for frame in frames)
            return InterlaceState(frames, *(part.to(moving.dtype) for part in others))
        return state

    def first_state(self, moving: Tensor) -> InterlaceState:
        """The state before the first frame, for streams of frames like ``moving`` ``[N, C', h, w]``."""
        n, before = len(moving), KERNEL_SIZE - 1
        nothing = torch.zeros_like(moving)
        return InterlaceState(
            (nothing,) * math.ceil(self.offset_net.max_offset),
            moving.new_zeros(n, self.folded_channels, before),
            moving.new_zeros(n, HIDDEN_CHANNELS, before),
        )
