"""Fit the weights of a 2D ResNet, TSN, TSM or TIN into a TINResNet."""

from typing import Any

from mmengine.logging import print_log
from torch import Tensor, nn

from mmtin.checkpoint.first_convolution import for_channels
from mmtin.checkpoint.max_offset import AUTHORS_MAX_OFFSET, largest_offset
from mmtin.checkpoint.names import fold_non_local_bias, is_of_the_authors, plain_name
from mmtin.errors import UserError

# The convolution that sees the frames.
_FIRST = 'conv1.conv.weight'


def fit_state_dict(backbone: nn.Module, state_dict: dict, prefix: str = '') -> None:
    """Rename, in place, the keys of ``state_dict`` under ``prefix`` to those of ``backbone``.

    Weights of another shape are removed, weights that have no place stay as they are. Logs in one paragraph
    what was loaded, what stays as initialised and why, and what was not used.

    Args:
        backbone: a TINResNet, or a TINMobileNetV2, whose weights then are a MobileNetV2's.
        state_dict: weights of torchvision's ResNet, of MMAction2's ResNet, ResNetTSM or ResNetTIN, of TSM's
            own release, of deepcs233/TIN or of X-Temporal.
        prefix: where in ``state_dict`` the backbone is, such as ``'backbone.'``.

    Raises:
        UserError: if nothing fits, or if the checkpoint interlaces another number of frames.
    """
    folded = fold_non_local_bias(state_dict)
    state_dict.clear()
    state_dict.update(folded)
    own = backbone.state_dict()
    place = {plain_name(key): key for key in own}
    given = [key for key in state_dict if key.startswith(prefix)]

    loaded, reshaped, unused = [], [], []
    for key in given:
        target = place.get(plain_name(key.removeprefix(prefix)))
        if target is None:
            unused.append(key)
            continue
        value = state_dict.pop(key)
        if target == _FIRST:
            value = for_channels(value, own[target].shape[1])
        if own[target].shape != value.shape:
            _check_num_segments(backbone, target, value)
            reshaped.append(f'{target} {list(value.shape)} -> {list(own[target].shape)}')
        else:
            loaded.append(target)
            state_dict[prefix + target] = value
    if not any(key.endswith('weight') for key in loaded):
        raise UserError(
            f'no weight of the checkpoint fits {_kind(backbone)}: '
            f'expected keys like {prefix}{next(iter(own))}, got {_some(given) or "none"}; '
            'check that it is a checkpoint of such a network, TSN, TSM or TIN, and that init_cfg says '
            "prefix='backbone.' for a recognizer's; tools/convert_checkpoint.py brings the recognizers of "
            'other software here'
        )
    # A counter that torchvision's older files lack and that inference does not use.
    missing = {key for key in own if not key.endswith('num_batches_tracked')}.difference(loaded)
    missing.difference_update(text.split()[0] for text in reshaped)
    report = _report(backbone, len(loaded), sorted(missing), reshaped, unused)
    if any(map(is_of_the_authors, given)):
        report += _check_max_offset(backbone)
    print_log(report, 'current')


def _kind(backbone: nn.Module) -> str:
    depth = getattr(backbone, 'depth', None)
    return type(backbone).__name__ + (f' depth {depth}' if depth else '')


def _check_num_segments(backbone: nn.Module, key: str, value: Tensor) -> None:
    if key.endswith('offset_net.fc1.weight'):
        raise UserError(
            f'the checkpoint interlaces clips of {value.shape[0]} frames, expected '
            f'num_segments={backbone.num_segments}; set num_segments={value.shape[0]} in the backbone, '
            'the head and the pipelines, since offset networks are tied to the number of frames, or adapt '
            f'it: tools/convert_checkpoint.py SRC DST --num-segments {backbone.num_segments}'
        )


def _check_max_offset(backbone: Any) -> str:
    max_offset = largest_offset(backbone.max_offset, backbone.num_segments, backbone.offsets_per)
    if max_offset == AUTHORS_MAX_OFFSET:
        return ''
    return (
        f' Its offsets are limited to {AUTHORS_MAX_OFFSET} frames, those of this backbone to {max_offset}: '
        f'set max_offset={AUTHORS_MAX_OFFSET} in the backbone to get what was trained.'
    )


def _report(backbone: nn.Module, loaded: int, missing: list, reshaped: list, unused: list) -> str:
    sentences = [f'{type(backbone).__name__}: {loaded} tensors loaded from the checkpoint.']
    interlacing = [key for key in missing if '.net1.' in key]
    others = [key for key in missing if '.net1.' not in key]
    if interlacing:
        sentences.append(
            f'Initialised anew: {len(interlacing)} of the temporal modules, which the checkpoint lacks '
            f'({_some(interlacing)}).'
        )
    if others:
        sentences.append(f'Initialised anew, absent from the checkpoint: {_some(others)}.')
    if reshaped:
        sentences.append(f'Initialised anew, of another shape in the checkpoint: {_some(reshaped)}.')
    if unused:
        sentences.append(f'Not used, no such layer here: {_some(unused)}.')
    return ' '.join(sentences)


def _some(names: list[str], limit: int = 4) -> str:
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return ', '.join(names[:limit]) + more
