"""Adapt the networks that predict offsets to another number of frames.

From T frames to k T, for the same seconds of video in steps 1 / k as long. x[t] is the descriptor of frame
t, and h[t] = b + v x[t - 1] + u x[t] + w x[t + 1] the result of the convolution.

- The convolution of the offset network becomes k v, u - (k - 1)(v + w), k w. This keeps the 0th and 1st
moment of the kernel in seconds, so that constants and differences between neighbours count as before. For
whole k, if the frames of each run of k are equal, the mean of h over a run is exactly the former h, also
with the zeros that pad both ends.
- fc1 takes that mean first: its columns are spread over the new frames by their overlap in time.
- Hidden units have no order in time, so they are not interpolated. For more frames they are repeated, and
  fc2 divides by the number of copies; for fewer, neighbours are averaged and their columns of fc2 summed.
- fc2 then gives the same number, and R, ``max_offset``, grows by k: the offset is the same in seconds.

So if every frame of a descriptor is repeated k times (k whole), a layer predicts offsets of k times as many
frames, up to rounding. This holds in the first layer for a clip of repeated frames. In later layers the
frames of a run differ, since interlacing by a part of a run mixes only some of them, and offsets are
approximate. For k < 1 and for fractions all of this is an approximation.

The weight network stays as it is. Its h is not averaged, and of all kernels of three taps its own gives the
frames of a run the values nearest to the former ones, in least squares over differences of neighbours.
"""

import torch
from torch import Tensor


def adapt_temporal_weight(key: str, value: Tensor, num_segments: int, target: int) -> Tensor:
    """A weight of an offset network for ``target`` instead of ``num_segments`` frames.

    Args:
        key: its name in a TINResNet.
        value: of ``conv`` ``[1, C', 3]``, ``fc1`` ``[T, T]`` and ``[T]`` or ``fc2`` ``[G, T]``; other
            weights stay as they are.
        num_segments: T of the layer.
        target: number of frames of the converted layer.
    """
    units = _copies(num_segments, target)
    if key.endswith('offset_net.conv.weight'):
        ratio = target / num_segments
        before, now, after = value.double().unbind(-1)
        adapted = torch.stack([ratio * before, now - (ratio - 1) * (before + after), ratio * after], -1)
    elif key.endswith('fc1.weight'):
        adapted = _means(units) @ value.double() @ _means(_overlap(num_segments, target))
    elif key.endswith('fc1.bias'):
        adapted = _means(units) @ value.double()
    elif key.endswith('fc2.weight'):
        adapted = value.double() @ _means(units.T)
    else:
        return value
    return adapted.to(value.dtype)


def _overlap(num_segments: int, target: int) -> Tensor:
    """``[T, T']``: the time that an old and a new frame share, if each lasts its part of the clip."""
    old = torch.arange(num_segments + 1).double()[:, None] / num_segments
    new = torch.arange(target + 1).double() / target
    return (torch.minimum(old[1:], new[1:]) - torch.maximum(old[:-1], new[:-1])).clamp(min=0)


def _copies(num_segments: int, target: int) -> Tensor:
    """``[T', T]``: 1 where a new hidden unit is made from an old one."""
    many = torch.arange(max(num_segments, target))
    few = many * min(num_segments, target) // len(many)
    copies = torch.zeros(target, num_segments, dtype=torch.double)
    copies[(many, few) if target >= num_segments else (few, many)] = 1
    return copies


def _means(matrix: Tensor) -> Tensor:
    """Each row divided by its sum."""
    return matrix / matrix.sum(dim=1, keepdim=True)
