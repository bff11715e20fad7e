"""Convert a checkpoint from elsewhere to one that a Recognizer2D with a TINResNet loads strictly."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from mmtin.checkpoint.names import plain_name
from mmtin.conversion.num_segments import adapt_temporal_weight
from mmtin.conversion.refusals import check_filled, check_reproducible
from mmtin.conversion.sources import Source, recognise
from mmtin.errors import UserError
from mmtin.models import TINResNet
from mmtin.version import __version__

_CLASSIFIER = 'cls_head.fc_cls'
_LINEAR = ('weight', 'bias')
_MULTI_LABEL = (292, 313)  # classes of the versions of Multi-Moments in Time


@dataclass(frozen=True)
class Move:
    """The conversion of one weight.

    Attributes:
        source: its key in the source, None if the source lacks it.
        target: its key here, None if it has no place.
        shape: of the weight here, or in the source if it has no place.
        action: ``'kept'``, ``'renamed'``, ``'adapted'``, ``'filled'`` or ``'dropped'``.
    """

    source: str | None
    target: str | None
    shape: tuple[int, ...]
    action: str


@dataclass(frozen=True, eq=False)
class Conversion:
    """A converted checkpoint.

    Attributes:
        checkpoint: ``{'meta': ..., 'state_dict': ...}``, of plain numbers, text and tensors.
            ``meta['model']`` is the config of the model, ``meta['source']`` the kind of the source.
        moves: one for every weight, in the order of the model, then the dropped ones.
        notes: sentences for the person who converts.
    """

    checkpoint: dict
    moves: list[Move]
    notes: list[str]


def convert_checkpoint(
    checkpoint: dict,
    num_segments: int | None = None,
    max_offset: float | None = None,
    fill: Literal['initial', 'source'] | None = None,
) -> Conversion:
    """Convert every weight that has a place in a TINResNet and its classifier.

    Args:
        checkpoint: from :func:`mmtin.checkpoint.read_checkpoint`, of a kind that
            :func:`mmtin.conversion.sources.recognise` knows.
        num_segments: T, frames per clip; None keeps that of the source (8 if it states none).
            :mod:`mmtin.conversion.num_segments` says how a TIN's networks are adapted to it.
        max_offset: R of the source in frames, if the file does not state it or is wrong. None means 2.0
            for the releases and MMAction2, and T / 2 for networks that do not interlace.
        fill: offsets and weights for a source without interlacing. ``'initial'``: as initialised, to
            train from, the same each time; weights without a place are dropped. ``'source'``: such that the
            TINResNet computes the same as the source: offsets of 0 frames, or 1 for a TSM, and weights of
            1. None refuses such a source.

    Raises:
        UserError: if the kind is unknown, layers are left unfilled and ``fill`` is None, the TINResNet
            would not compute what the source does and ``fill`` is not ``'initial'``, or shapes do not fit.
    """
    source = recognise(checkpoint)
    frames = num_segments or source.num_segments or 8
    if max_offset is None:
        max_offset = source.max_offset or frames / 2
    if source.network == 'TIN':
        max_offset *= frames / source.num_segments
    config = _model_config(source, frames, max_offset)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        backbone = TINResNet(**{key: value for key, value in config['backbone'].items() if key != 'type'})
    own = {f'backbone.{key}': value for key, value in backbone.state_dict().items()}
    if source.classifier:
        own |= {f'{_CLASSIFIER}.{name}': source.state[f'{source.classifier}.{name}'] for name in _LINEAR}
    state, moves, dropped = _place(source, own)
    unfilled = [key for key in own if key not in state]
    check_filled(source, unfilled, fill)
    if fill != 'initial':
        check_reproducible(source, [move.source for move in dropped if move.source])
    if unfilled and fill == 'source':
        own |= _reproduction(source, own, unfilled, max_offset)
    moves += [Move(None, key, tuple(own[key].shape), 'filled') for key in unfilled]
    state |= {key: own[key] for key in unfilled}
    by_target = {move.target: move for move in moves}
    meta = {
        'source': source.kind,
        'mmtin_version': __version__,
        'num_segments': frames,
        'max_offset': max_offset,
        'channel_order': 'RGB',
        'model': config,
    }
    return Conversion(
        {'meta': meta, 'state_dict': {key: state[key].contiguous() for key in own}},
        [by_target[key] for key in own if key in by_target] + dropped,
        _notes(source, frames, max_offset, num_segments is not None, dropped),
    )


def _model_config(source: Source, num_segments: int, max_offset: float) -> dict:
    """The config of the model, without head if the source has no classifier."""
    backbone = {
        'type': 'TINResNet',
        'depth': source.depth,
        'num_segments': num_segments,
        'max_offset': max_offset,
        **source.backbone,
    }
    if max_offset <= 1:
        backbone['initial_offset'] = max_offset / 4  # the default, 1 frame, is out of reach
    preprocessor = {'type': 'ActionDataPreprocessor', 'format_shape': 'NCHW'}
    if source.in_channels == 3:
        preprocessor |= source.normalization
    else:
        backbone['in_channels'] = source.in_channels
    config = {'type': 'Recognizer2D', 'backbone': backbone, 'data_preprocessor': preprocessor}
    if source.num_classes:
        pooled = source.backbone.get('temporal_pool', False)
        config['cls_head'] = {
            'type': 'TSMHead',
            'num_classes': source.num_classes,
            'in_channels': source.state[f'{source.classifier}.weight'].shape[1],
            'num_segments': num_segments,
            'dropout_ratio': 0.5,
            'is_shift': pooled,  # asked together with temporal_pool alone
            'temporal_pool': pooled,
            'average_clips': 'prob',
        }
    return config


def _place(source: Source, own: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[Move], list[Move]]:
    """The weights of the source by their keys here, their moves, and the moves of those without a place."""
    places = {plain_name(key): key for key in own}
    frames = {
        plain_name(key).partition('.net1.')[0]: value.shape[0]
        for key, value in source.state.items()
        if plain_name(key).endswith('.offset_net.fc1.weight')
    }
    state, moves, dropped = {}, [], []
    for key, value in source.state.items():
        name = plain_name(key)
        module, _, parameter = key.rpartition('.')
        if module == source.classifier:
            name = f'{_CLASSIFIER}.{parameter}'
        target = places.get(name)
        if target is None:
            dropped.append(Move(key, None, tuple(value.shape), 'dropped'))
            continue
        action = 'kept' if key == target else 'renamed'
        block, is_temporal, _ = name.partition('.net1.')
        if is_temporal:
            fc1 = own[places[f'{block}.net1.offset_net.fc1.weight']]
            if frames.get(block, len(fc1)) != len(fc1):
                adapted = adapt_temporal_weight(name, value, frames[block], len(fc1))
                action = action if adapted is value else 'adapted'
                value = adapted
        if value.shape != own[target].shape:
            raise UserError(
                f'{key} is {list(value.shape)}, expected {list(own[target].shape)}: the checkpoint is none '
                f'of a plain ResNet-{source.depth} on single frames; convert such a one'
            )
        state[target] = value
        moves.append(Move(key, target, tuple(value.shape), action))
    # A counter that torchvision's older files lack and that inference does not use.
    counters = {k: v for k, v in own.items() if k not in state and k.endswith('num_batches_tracked')}
    return state | counters, moves, dropped


def _reproduction(source: Source, own: dict[str, Tensor], unfilled: list[str], max_offset: float) -> dict:
    """Weights with which interlacing computes the same as the source.

    A TSM takes 1/8 of the channels from the next frame and 1/8 from the one before. With shift_div=4, 2
    groups and their reversed twins these are offsets of -1, -1, 1 and 1.
    """
    if source.network == 'TSM' and (source.other_shifts or max_offset <= 1):
        reason = f'it shifts {source.other_shifts}' if source.other_shifts else f'R is {max_offset} frames'
        raise UserError(
            f'the checkpoint ({source.kind}) cannot be reproduced by offsets of one frame before conv1: '
            f'{reason}; take --fill initial'
        )
    filled = {}
    for key in unfilled:
        if key.endswith('fc2.bias'):
            conv1 = plain_name(key).replace('.net1.offset_net.fc2.bias', '.weight')
            offset = -1 if conv1 in source.shifted else 0
            filled[key] = torch.full_like(own[key], offset / (2 * max_offset) + 0.5).logit()
        elif key.endswith(('fc2.weight', 'weight_net.conv.weight', 'weight_net.conv.bias')):
            filled[key] = torch.zeros_like(own[key])
    return filled


def _notes(
    source: Source, num_segments: int, max_offset: float, is_chosen: bool, dropped: list[Move]
) -> list[str]:
    notes = []
    if source.network == 'TIN' and num_segments != source.num_segments:
        notes.append(
            f'Adapted from {source.num_segments} to {num_segments} frames, and max_offset to '
            f'{max_offset:g}: fine-tune it before you trust its accuracy.'
        )
    elif source.num_segments is None and not is_chosen:
        notes.append(
            f'The file does not say how many frames its clips have; {num_segments} taken, '
            '--num-segments says otherwise.'
        )
    if dropped:
        notes.append(
            f'{len(dropped)} weights have no place in a TINResNet and are left out, such as '
            f'{dropped[0].source}.'
        )
    if source.num_classes is None:
        notes.append('It has no classifier of frames: a backbone to train from, that cannot predict.')
    if source.in_channels != 3:
        notes.append(
            f'It sees {source.in_channels} channels, optical flow or differences of frames: bring your own '
            'config, with their normalisation.'
        )
    if source.num_classes == 174:
        notes.append(
            'Something-Something lists its classes in two orders, that of its file (MMAction2) and sorted '
            '(TSM, TIN releases): labels must come in the order that the source was trained with.'
        )
    if source.num_classes in _MULTI_LABEL:
        notes.append(
            'Multi-Moments in Time names several classes a clip: give model.cls_head the type '
            'MultiLabelTSMHead, whose scores are independent.'
        )
    return notes
