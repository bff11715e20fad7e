"""A backbone that computes in half precision, between a pipeline and a head that do not."""

import torch
from torch import Tensor, nn


def compute_in(backbone: nn.Module, dtype: torch.dtype) -> None:
    """Let ``backbone`` compute in ``dtype``; what goes in is converted to it, features to float32.

    Args:
        backbone: in eval mode, with BatchNorm folded if it is to be; its weights are converted.
        dtype: float32 leaves it as it is.
    """
    if dtype == torch.float32:
        return
    backbone.to(dtype)
    backbone.register_forward_pre_hook(_frames_converted)
    backbone.register_forward_hook(_features_single)


def dtype_of(backbone: nn.Module) -> torch.dtype:
    """What ``backbone`` computes in."""
    return next(backbone.parameters()).dtype


def _frames_converted(backbone: nn.Module, frames: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    dtype = dtype_of(backbone)
    return tuple(part.to(dtype) for part in frames)


def _features_single(backbone: nn.Module, frames: tuple, features):
    if isinstance(features, tuple):
        return tuple(part.float() for part in features)
    return features.float()
