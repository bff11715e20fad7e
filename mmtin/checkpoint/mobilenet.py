"""Translate the names of torchvision's MobileNetV2 to those of MMAction2's."""

import itertools
import re
from collections.abc import Sequence

# The name of a layer's weight, and where in the network the layer is.
_KEY = re.compile(r'features\.(\d+)\.(.+)\.(\w+)')


def rename_torchvision(state_dict: dict, counts: Sequence[int], prefix: str = '') -> None:
    """Rename, in place, the keys of torchvision's MobileNetV2 under ``prefix`` to those of MMAction2's.

    Files from before torchvision, with all layers of a block in one row, are taken as well. Other keys stay
    as they are.

    Args:
        state_dict: weights; torchvision's begin with ``features.``.
        counts: blocks in each stage.
        prefix: where in ``state_dict`` the network is.
    """
    blocks = [f'layer{stage}.{i}.conv.' for stage, count in enumerate(counts, 1) for i in range(count)]
    found = {
        key: match
        for key in state_dict
        if key.startswith(prefix) and (match := _KEY.fullmatch(key.removeprefix(prefix)))
    }
    by_block = itertools.groupby(
        sorted(found, key=lambda key: _position(found[key])), lambda key: int(found[key][1])
    )
    for number, keys in by_block:
        # A convolution and its BatchNorm take turns.
        layers = itertools.groupby(keys, lambda key: found[key][2])
        for i, (_, of_layer) in enumerate(layers):
            kind = 'bn' if i % 2 else 'conv'
            for key in of_layer:
                if number == 0:
                    place = 'conv1.'
                elif number > len(blocks):
                    place = 'conv2.'
                else:
                    place = f'{blocks[number - 1]}{i // 2}.'
                state_dict[f'{prefix}{place}{kind}.{found[key][3]}'] = state_dict.pop(key)


def _position(match: re.Match) -> list[int]:
    return [int(part) for part in re.findall(r'\d+', match[0])]
