"""The networks of other libraries, for a process of its own with the zoo of tools/setup.sh on the path.

torchvision's wheel is for one build of torch, and its package fails to import on any other because its
operators for detection are missing. Their names are all that its networks need.
"""

import torch
from torch import nn

with torch.library._scoped_library('torchvision', 'DEF') as operators:
    for name in ('nms', 'qnms'):
        operators.define(f'{name}(Tensor boxes) -> Tensor')
    import torchvision

import timm

import mmtin  # noqa: F401
from mmtin.models import TemporalInterlace

LIBRARIES = {'torchvision': torchvision.models.get_model, 'timm': timm.create_model}


def build(library: str, name: str) -> nn.Module:
    """With statistics and factors of BatchNorm as a training leaves them; timm's start at zero."""
    model = LIBRARIES[library](name, num_classes=5).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.running_mean, std=0.1)
    return model


def temporal(model: nn.Module) -> list[TemporalInterlace]:
    return [module for module in model.modules() if isinstance(module, TemporalInterlace)]


def relative(value: torch.Tensor, expected: torch.Tensor) -> float:
    return ((value - expected).abs().max() / expected.abs().max()).item()
