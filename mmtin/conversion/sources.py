"""Recognise the origin of a checkpoint by its keys."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor

from mmtin.checkpoint.max_offset import AUTHORS_MAX_OFFSET, largest_offset
from mmtin.checkpoint.meta import model_config
from mmtin.checkpoint.names import fold_non_local_bias, is_of_the_authors, plain_name, state_of
from mmtin.config import type_name
from mmtin.conversion.non_local import non_local_arguments
from mmtin.errors import UserError

# Blocks of each stage of a ResNet, by whether they are bottlenecks.
_DEPTHS: dict[tuple[bool, tuple[int, ...]], int] = {
    (False, (2, 2, 2, 2)): 18,
    (False, (3, 4, 6, 3)): 34,
    (True, (3, 4, 6, 3)): 50,
    (True, (3, 4, 23, 3)): 101,
    (True, (3, 8, 36, 3)): 152,
}
# What a config states of a backbone with fewer stages than four.
_STAGES = ('num_stages', 'out_indices', 'strides', 'dilations')
_CLASSIFIERS = ('cls_head.fc_cls', 'new_fc', 'base_model.fc', 'fc')
_IMAGENET = {'mean': [123.675, 116.28, 103.53], 'std': [58.395, 57.12, 57.375]}


@dataclass(frozen=True, eq=False)
class Source:
    """A checkpoint of a relative of TINResNet.

    Attributes:
        kind: software and network, such as ``'X-Temporal TIN'``.
        network: ``'TIN'``, ``'TSM'`` or ``'2D'``.
        state: the state dict, without prefix of DataParallel and with :func:`fold_non_local_bias`.
        depth: of the ResNet.
        in_channels: of the frames.
        num_segments: T, frames per clip, of a TIN from its weights, else from the config in the file;
            None if not known.
        num_classes: None if there is no classifier of frames.
        classifier: the key of the classifier less ``.weight``, None if there is none.
        backbone: other arguments of TINResNet that follow from the weights and the config.
        max_offset: R of a TIN in frames, None for other networks.
        shifted: plain names of conv1 of the blocks where a TSM shifts its input.
        other_shifts: other shifts of a TSM, in words, empty if there are none.
        normalization: ``mean`` and ``std`` of RGB frames in 0..255.
    """

    kind: str
    network: str
    state: dict[str, Tensor]
    depth: int
    in_channels: int
    num_segments: int | None
    num_classes: int | None
    classifier: str | None
    backbone: dict
    max_offset: float | None
    shifted: frozenset[str]
    other_shifts: str
    normalization: dict


def recognise(checkpoint: dict) -> Source:
    """Recognise the kind of a loaded checkpoint.

    These are known, with and without the prefix ``module.`` of DataParallel: deepcs233/TIN, X-Temporal,
    MMAction2 (ResNet, ResNetTSM, ResNetTIN), mmtin, TSM's own release and torchvision.

    Raises:
        UserError: if it is none of them.
    """
    weights = {key: value for key, value in state_of(checkpoint).items() if isinstance(value, Tensor)}
    state = fold_non_local_bias(weights)
    plain = {plain_name(key): key for key in state}
    config = model_config(checkpoint.get('meta'))
    stated = _dict_or_empty(config.get('backbone'))
    depth = _depth(plain, stated.get('num_stages') or 4)
    if 'conv1.conv.weight' not in plain or depth is None:
        raise UserError(
            f'a checkpoint of an unknown kind, with {_some(state)}; expected one of a ResNet of depth 18, '
            "34, 50, 101 or 152 by deepcs233/TIN, X-Temporal, MMAction2, TSM's authors or torchvision"
        )
    offsets = {name: state[key] for name, key in plain.items() if '.net1.offset_net.' in name}
    # conv1 of a block, wrapped once: `conv1.net.weight` and in MMAction2 `conv1.conv.net.weight`.
    shifted = [key for key in state if re.search(r'\bconv1\.(conv\.)?net\.weight$', key)]
    shift_div = stated.get('shift_div') or 8
    other_shifts = _other_shifts(state, shift_div)
    network = 'TIN' if offsets else 'TSM' if shifted or other_shifts else '2D'
    backbone, max_offset, num_segments = {}, None, stated.get('num_segments')
    if network == 'TIN':
        backbone = _tin_arguments(plain, state, stated)
        num_segments = offsets[_first(offsets, 'fc1.weight')].shape[0]
        max_offset = _max_offset(stated, num_segments)
    elif network == 'TSM' and shift_div % 2 == 0:
        backbone = {'shift_div': shift_div // 2}  # a TSM shifts 1 / shift_div of the channels, twice
    if any(re.search(r'\blayer2\.net\.\d', key) for key in state):
        backbone['temporal_pool'] = True
    if stated.get('style') == 'caffe':  # the place of the stride in a bottleneck, which weights do not tell
        backbone['style'] = 'caffe'
    if stated.get('num_stages', 4) != 4:
        backbone |= {key: stated[key] for key in _STAGES if key in stated}
    backbone |= non_local_arguments(plain, state, stated)
    classifier = _classifier(state)
    return Source(
        kind=f'{_software(checkpoint, state, stated)} {network}',
        network=network,
        state=state,
        depth=depth,
        in_channels=state[plain['conv1.conv.weight']].shape[1],
        num_segments=num_segments,
        num_classes=state[f'{classifier}.weight'].shape[0] if classifier else None,
        classifier=classifier,
        backbone=backbone,
        max_offset=max_offset,
        shifted=frozenset(map(plain_name, shifted)),
        other_shifts=other_shifts,
        normalization=_normalization(config),
    )


def _other_shifts(state: dict[str, Tensor], shift_div: int) -> str:
    if any(re.search(r'\blayer\d\.\d+\.net\.', key) for key in state):
        return 'whole blocks'
    if any(re.search(r'\bconv2\.(conv\.)?net\.', key) for key in state):
        return 'before conv2 too'
    return f'1/{shift_div} of the channels' if shift_div % 2 else ''


def _depth(plain: dict[str, str], num_stages: int) -> int | None:
    """That of a ResNet with as many stages as its config states; a file that lacks others is damaged."""
    blocks = {
        tuple(map(int, m.groups())) for k in plain if (m := re.match(r'layer(\d)\.(\d+)\.conv1\.', k))
    }
    counts = tuple(sum(stage == number for stage, _ in blocks) for number in (1, 2, 3, 4))
    bottleneck = 'layer1.0.conv3.conv.weight' in plain
    for (bottlenecks, whole), depth in _DEPTHS.items():
        expected = whole[:num_stages] + (0,) * (4 - num_stages)
        if (bottlenecks, expected) == (bottleneck, counts):
            return depth
    return None


def _software(checkpoint: dict, state: dict, stated: dict) -> str:
    if any(key.startswith('base_model.') for key in state):
        if 'model' in checkpoint:
            return 'X-Temporal'
        return 'deepcs233/TIN' if any(map(is_of_the_authors, state)) else "TSM's release:"
    if 'bn1.weight' in state:
        return 'torchvision'
    meta = checkpoint.get('meta')
    if type_name(stated) in ('TINResNet', 'RTCNResNet'):
        return 'mmtin'
    return 'MMAction2 0.x' if isinstance(meta, dict) and 'mmaction_version' in meta else 'MMAction2'


def _tin_arguments(plain: dict[str, str], state: dict, stated: dict) -> dict:
    """The arguments of TINResNet, from shapes or else from the config."""
    if any('.offset_net.conv1.' in name for name in plain):
        raise UserError(
            "the checkpoint has offsets of each frame (offsets_per='frame'), whose weights fit any number "
            'of frames: load it as it is, with num_segments set in the config'
        )
    conv = _first(plain, 'offset_net.conv.weight')
    trunk = conv.replace('.net1.offset_net.conv', '')  # conv1 of the same block
    arguments = {
        'shift_div': state[plain[trunk]].shape[1] // state[plain[conv]].shape[1],
        'groups': state[plain[_first(plain, 'offset_net.fc2.weight')]].shape[0],
        'reverse': stated.get('reverse') is not False,
    }
    stages = sorted({int(key[5]) - 1 for key in plain if '.offset_net.' in key})
    return arguments if stages == [0, 1, 2, 3] else arguments | {'interlace_stages': stages}


def _max_offset(stated: dict, num_segments: int) -> float:
    """R in frames: 2 in every release; for our TINResNet that of its config, or T / 2 as in the paper."""
    if type_name(stated) == 'TINResNet':
        return largest_offset(stated.get('max_offset'), num_segments)
    return AUTHORS_MAX_OFFSET


def _classifier(state: dict[str, Tensor]) -> str | None:
    if any(key.startswith('consensus.') for key in state):
        return None  # TRN classifies the clip, and its `new_fc` only narrows the features of a frame
    return next(
        (name for name in _CLASSIFIERS if getattr(state.get(f'{name}.weight'), 'ndim', 0) == 2), None
    )


def _normalization(config: dict) -> dict:
    stated = _dict_or_empty(config.get('data_preprocessor'))
    return {key: list(stated.get(key) or default) for key, default in _IMAGENET.items()}


def _dict_or_empty(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _first(names: Iterable[str], ending: str) -> str:
    return next(name for name in names if name.endswith(ending))


def _some(state: dict, limit: int = 3) -> str:
    return f'keys like {", ".join(list(state)[:limit])}' if state else 'no weights'
