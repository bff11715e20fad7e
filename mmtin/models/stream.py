"""Causal networks frame by frame: what each interlacing remembers goes in and out as a state.

A step costs what the 2D network costs on one frame. It gives what the network gives for the last frame of a
clip of all frames so far.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from mmtin.errors import UserError
from mmtin.models.interlace_steps import InterlaceState, Stream
from mmtin.models.temporal_interlace import TemporalInterlace
from mmtin.ops.backend import in_place_backend

# One for each interlacing, in the order of the network's modules. Its size does not grow.
StreamState = tuple[InterlaceState, ...]


@torch.no_grad()
def stream_step(
    network: nn.Module, frames: Tensor, state: StreamState | None = None
) -> tuple[Tensor, StreamState]:
    """Give a causal network the next frame of each of N streams.

    Not for several threads at once on one network.

    Args:
        network: in eval mode, all of its interlacing causal: a :class:`mmtin.models.TINResNet`, or what
            :func:`mmtin.models.interlace_` made.
        frames: ``[N, 3, H, W]``.
        state: what this returned for the frames before; None for the first ones.

    Returns:
        What ``network`` gives for a batch of N frames, without gradients, and the next state. ``state``
        stays as it was, good to go on from.

    Raises:
        UserError: if the network cannot go frame by frame, or the state is of other streams.
    """
    interlaces = [module for module in network.modules() if isinstance(module, TemporalInterlace)]
    if not interlaces or network.training:
        raise UserError(
            f'{type(network).__name__} {"is in training" if interlaces else "interlaces no frames"}; frame '
            'by frame goes a network with causal interlacing, after eval()'
        )
    if state is not None and len(state) != len(interlaces):
        raise UserError(
            f'the state is of a network with {len(state)} interlacings, this one has {len(interlaces)}; '
            'start with state=None'
        )
    backend = in_place_backend(frames)
    kind = frames.dtype, frames.device
    streams = [Stream(before, backend, kind) for before in state or [None] * len(interlaces)]
    try:
        for interlace, stream in zip(interlaces, streams):
            interlace.stream = stream
        output = network(frames)
    finally:
        for interlace in interlaces:
            interlace.stream = None
    return output, tuple(stream.state for stream in streams if stream.state is not None)


def restart_streams(state: StreamState, streams: Iterable[int]) -> StreamState:
    """The state in which some streams, by number from 0, are at their beginning and the others go on.

    Raises:
        UserError: if there is no such stream.
    """
    numbers, count = sorted(set(streams)), len(state[0].hidden)
    if numbers and not 0 <= numbers[0] <= numbers[-1] < count:
        raise UserError(f'the streams are 0 to {count - 1}, got {", ".join(map(str, numbers))}')
    index = torch.tensor(numbers, dtype=torch.long, device=state[0].hidden.device)

    def restarted(part: Tensor) -> Tensor:
        return part.index_fill(0, index, 0)

    return tuple(
        InterlaceState(
            tuple(map(restarted, of_one.frames)), restarted(of_one.descriptors), restarted(of_one.hidden)
        )
        for of_one in state
    )
