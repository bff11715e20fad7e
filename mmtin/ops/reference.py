"""The specification: slices and loops, obviously right, slow.

Every other backend is tested against these functions, on outputs and on gradients.
"""

import torch
from torch import Tensor


def unavailable(device: torch.device) -> str | None:
    """It runs everywhere: None."""
    return None


def suits(x: Tensor) -> bool:
    """Only by name: it is slow."""
    return False


def tin_shift(input: Tensor, shift: Tensor) -> Tensor:
    """Move the channels of group g of clip n by ``shift[n, g]`` frames; see :func:`mmtin.ops.tin_shift`.

    Autograd differentiates the slices below, which makes the gradient the exact adjoint.
    """
    # Cleared rather than new, so that it has a gradient even when every frame leaves the clip.
    output = input.clone().zero_()
    num_segments, width = input.shape[1], input.shape[2] // shift.shape[1]
    for n, clip_shift in enumerate(shift.tolist()):
        for g, frames in enumerate(clip_shift):
            channels = slice(g * width, (g + 1) * width)
            first, last = max(0, frames), min(num_segments, num_segments + frames)
            if first < last:
                output[n, first:last, channels] = input[n, first - frames : last - frames, channels]
    return output


def temporal_interlace(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    """Interlace by two integer shifts; see :func:`mmtin.ops.temporal_interlace`."""
    return interlace_by_two_shifts(tin_shift, x, offset, weight)


def interlace_by_two_shifts(shift, x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    """Interlace as the paper writes it (section "Temporal Interlacing"): frame t goes to frames
    ``t + floor(offset)`` and ``t + floor(offset) + 1``, in shares that add up to one.

    Args:
        shift: any implementation of :func:`mmtin.ops.tin_shift` (input, shift) -> output.
        x: ``[N, T, C, *]`` floating point.
        offset: ``[N, G]`` or ``[N, T, G]`` in frames, floating point.
        weight: ``[N, T, G]``.

    Returns:
        ``[N, T, C, *]`` with the dtype of ``x``. At a whole offset the gradient of ``offset`` is the
        one from above, because ``floor`` is.
    """
    if offset.dim() == 3:
        # Each frame that comes out is that of the whole clip interlaced by this frame's offsets.
        frames = [interlace_by_two_shifts(shift, x, offset[:, t], weight)[:, t] for t in range(x.shape[1])]
        return torch.stack(frames, 1) if frames else x.clone()
    low = offset.floor()
    share = offset - low
    # Beyond the clip every whole shift is the same, and int32 cannot hold any offset.
    low = low.clamp(-x.shape[1] - 1, x.shape[1]).int()
    near = per_channel(1 - share[:, None], x) * shift(x, low)
    far = per_channel(share[:, None], x) * shift(x, low + 1)
    return (per_channel(weight, x) * (near + far)).to(x.dtype)


def per_channel(values: Tensor, x: Tensor) -> Tensor:
    """Spread ``[N, T or 1, G]`` over the channels of each group, to multiply ``x`` ``[N, T, C, *]``."""
    values = values.repeat_interleave(x.shape[2] // values.shape[2], dim=2)
    return values.reshape(values.shape + (1,) * (x.dim() - 3))
