"""Find the arguments of TINResNet for the non-local blocks of a checkpoint."""

import re
from collections.abc import Iterable, Mapping

from torch import Tensor

# How two positions are compared, if weights alone do not tell.
_PAIRWISE = ('embedded_gaussian', 'dot_product')


def non_local_arguments(plain: Mapping[str, str], state: Mapping[str, Tensor], stated: dict) -> dict:
    """``non_local`` and ``non_local_cfg`` of a TINResNet that has the same non-local blocks.

    Args:
        plain: the keys of the weights by their plain names.
        state: the weights by their keys.
        stated: the config of the backbone in the file, empty if it has none.

    Returns:
        No arguments if there are no such blocks, or if neither weights nor config say what they compute.
    """
    blocks = _blocks(plain, r'non_local_block\.g\b.*weight')
    bottlenecks = _blocks(plain, r'conv3\.conv\.weight')  # MMAction2 adds non-local blocks to no others
    if not blocks or not blocks <= bottlenecks:
        return {}
    stage, number = min(blocks)
    prefix = f'layer{stage}.{number}.non_local_block.'
    pairwise = _pairwise(prefix, plain, stated.get('non_local_cfg'))
    if not pairwise:
        return {}
    is_pooled = f'{prefix}g.0.conv.weight' in plain
    g = state[plain[f'{prefix}g.{"0." * is_pooled}conv.weight']]
    normalised = {'norm_cfg': {'type': 'BN3d'}} if f'{prefix}conv_out.bn.weight' in plain else {}
    return {
        'non_local': [
            [int((stage, block) in blocks) for block in range(sum(at == stage for at, _ in bottlenecks))]
            for stage in (1, 2, 3, 4)
        ],
        'non_local_cfg': {
            **pairwise,
            'sub_sample': is_pooled,
            'reduction': g.shape[1] // g.shape[0],
            **normalised,
        },
    }


def _blocks(plain: Iterable[str], weight: str) -> set[tuple[int, int]]:
    """Stage, from 1, and number of the residual blocks that have this weight."""
    found = (re.fullmatch(rf'layer(\d)\.(\d+)\.{weight}', name) for name in plain)
    return {(int(match[1]), int(match[2])) for match in found if match}


def _pairwise(prefix: str, plain: Mapping[str, str], stated: object) -> dict:
    theta = plain.get(f'{prefix}theta.conv.weight')
    if theta is None:
        return {'mode': 'gaussian'}
    if f'{prefix}concat_project.conv.weight' in plain:
        return {'mode': 'concatenation'}
    if '.nl.' in theta:  # TSM's authors have no other
        return {'mode': 'embedded_gaussian', 'use_scale': False}
    if not isinstance(stated, dict) or stated.get('mode', _PAIRWISE[0]) not in _PAIRWISE:
        return {}
    return {'mode': stated.get('mode', _PAIRWISE[0]), 'use_scale': stated.get('use_scale') is not False}
