"""A backbone that computes in bfloat16, between a pipeline and a head that do not."""

import torch
from torch import Tensor, nn

from mmtin.errors import UserError


def compute_in(model: nn.Module, dtype: torch.dtype) -> None:
    """Let the backbone of a recognizer compute in ``dtype``; its features are float32 whatever it is.

    In bfloat16 it takes about half of the time on processors with instructions for it; see
    docs/performance.md.

    Args:
        model: in eval mode, with BatchNorm folded if it is to be; the backbone's weights are converted.
        dtype: float32 leaves everything as it is.

    Raises:
        UserError: if the recognizer does not call its backbone as a module, as with those of timm and
            torchvision.
    """
    if dtype == torch.float32:
        return
    origin = getattr(model, 'backbone_from', None)
    if origin in ('timm', 'torchvision'):
        raise UserError(
            f"a backbone of {origin} computes in float32; for another type name it in mmtin's "
            'InterlacedBackbone'
        )
    backbone = model.get_submodule('backbone').to(dtype)
    backbone.register_forward_pre_hook(_frames_converted)
    backbone.register_forward_hook(_features_single)


def dtype_of(backbone: nn.Module) -> torch.dtype:
    """What ``backbone`` computes in."""
    return next(backbone.parameters()).dtype


def _frames_converted(backbone: nn.Module, frames: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    dtype = dtype_of(backbone)
    return tuple(part.to(dtype) for part in frames)


def _features_single(
    backbone: nn.Module, frames: tuple[Tensor, ...], features: Tensor | tuple[Tensor, ...]
) -> Tensor | tuple[Tensor, ...]:
    if isinstance(features, tuple):
        return tuple(part.float() for part in features)
    return features.float()
