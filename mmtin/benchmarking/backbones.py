"""What interlacing costs the networks of other libraries."""

from collections.abc import Iterable
from functools import partial

import torch
from mmaction.registry import MODELS

from mmtin.benchmarking.output import record
from mmtin.benchmarking.timing import alternate, compare
from mmtin.models import TemporalInterlace


@torch.inference_mode()
def measure(
    networks: Iterable[str], frames: int, size: int, device: str, repeats: int, warmup: int
) -> list[dict[str, object]]:
    """A record of each network: what interlacing adds, and its time for a clip against the 2D network's.

    Args:
        networks: what MMAction2 takes as the type of a backbone, such as ``timm.mobilenetv3_large_100``.
        frames: T.
        size: pixels, height and width.
        device, repeats, warmup: as in :func:`mmtin.benchmarking.alternate`.

    Raises:
        UserError: if a network cannot be interlaced.
    """
    return [_record(network, frames, size, device, repeats, warmup) for network in networks]


def _record(
    network: str, frames: int, size: int, device: str, repeats: int, warmup: int
) -> dict[str, object]:
    clip = torch.randn(1, frames, 3, size, size, device=device)
    interlaced = dict(type='InterlacedBackbone', backbone=dict(type=network), num_segments=frames)
    models = {'TIN': _recognizer(interlaced, device), '2D': _recognizer(dict(type=network), device)}
    subjects = {name: partial(model, clip, mode='tensor') for name, model in models.items()}
    seconds = alternate(subjects, repeats, warmup, device)
    row, _ = compare(seconds, {'TIN': {'2D': '2D'}})
    tin, plain = (sum(p.numel() for p in models[name].parameters()) for name in ('TIN', '2D'))
    blocks = sum(isinstance(module, TemporalInterlace) for module in models['TIN'].modules())
    case = dict(network=network, blocks=blocks, parameters=tin, added=tin - plain)
    return record(case, row)


def _recognizer(backbone: dict, device: str) -> torch.nn.Module:
    return MODELS.build(dict(type='Recognizer2D', _scope_='mmaction', backbone=backbone)).eval().to(device)
