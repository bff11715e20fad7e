"""How frames ``[N, C, H, W]`` lie in memory."""

import torch
from torch import Tensor


def is_dense(x: Tensor) -> bool:
    """Whether they are in planes or channels_last, as working in place needs it."""
    return x.is_contiguous() or x.is_contiguous(memory_format=torch.channels_last)


def memory_format(x: Tensor) -> torch.memory_format:
    """Their format, which a slice of their channels cannot tell."""
    channels_last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if channels_last else torch.contiguous_format
