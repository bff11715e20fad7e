"""Interlacing of one frame by those before it, for networks that go frame by frame."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmtin.ops import native
from mmtin.ops.backend import SWITCHED_OFF
from mmtin.ops.reference import per_channel


def interlace_newest(
    frames: Sequence[Tensor], offset: Tensor, weight: Tensor, out: Tensor | None = None
) -> Tensor:
    """The last frame of a clip after :func:`mmtin.ops.temporal_interlace`, from it and those before.

    ``out[n, c] = weight[n, g] * sum_k max(0, 1 - |k - offset[n, g]|) frames[-1 - k][n, c]`` for the
    channels c of group g. Not differentiable.

    Args:
        frames: ``[N, C, *]`` each, of one shape and type, the newest last. No offset may reach beyond them.
        offset: ``[N, G]``, at least single precision, in frames, not negative.
        weight: ``[N, G]``.
        out: memory for the result: none of ``frames``; may be a slice of channels.

    Returns:
        ``[N, C, *]``: ``out``, if it is given.
    """
    newest = frames[-1]
    if 'native' not in SWITCHED_OFF and native.suits(newest) and native.unavailable(newest.device) is None:
        out = torch.empty_like(newest) if out is None else out
        native.interlace_newest(out, frames, offset, weight)
        return out
    delay = torch.arange(len(frames) - 1, -1, -1, device=offset.device)
    shares = weight[..., None] * (1 - (delay - offset[..., None]).abs()).clamp(min=0)  # [N, G, frames]
    parts = [
        per_channel(share[:, None], frame[:, None])[:, 0] * frame
        for share, frame in zip(shares.unbind(-1), frames)
    ]
    result = sum(parts[1:], parts[0])
    return result.to(newest.dtype) if out is None else out.copy_(result)
