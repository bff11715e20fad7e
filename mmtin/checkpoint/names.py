"""Translate names of weights from other repositories to those of TINResNet."""

import re

from torch import Tensor

# Modules that wrap a convolution or block without a name of their own in the 2D network: TSM's `net`,
# TIN's `net2` (its `net1` interlaces) and the `block` of non-local wrappers.
_WRAPPERS = {'net', 'net2', 'block'}
_NAMES = (
    # The paper's authors: deepcs233/TIN and X-Temporal.
    (re.compile(r'\bconv1\.net1\.biasnet\.conv\b'), 'conv1.conv.net1.offset_net.conv'),
    (re.compile(r'\bconv1\.net1\.biasnet\.fc\b'), 'conv1.conv.net1.offset_net.fc1'),
    (re.compile(r'\bconv1\.net1\.biasnet\.lastlayer\b'), 'conv1.conv.net1.offset_net.fc2'),
    (re.compile(r'\bconv1\.net1\.weightnet\.lastlayer\b'), 'conv1.conv.net1.weight_net.conv'),
    # The non-local blocks of TSM's authors, which the paper's authors took over.
    (re.compile(r'\bnl\.(g|theta|phi)((?:\.0)?)\.(weight|bias)$'), r'non_local_block.\1\2.conv.\3'),
    (re.compile(r'\bnl\.W\.0\b'), 'non_local_block.conv_out.conv'),
    (re.compile(r'\bnl\.W\.1\b'), 'non_local_block.conv_out.bn'),
    # torchvision, and networks that start from its weights.
    (re.compile(r'\bbn(\d)\b'), r'conv\1.bn'),
    (re.compile(r'\b(conv\d)\.(weight|bias)$'), r'\1.conv.\2'),
    (re.compile(r'\bdownsample\.0\b'), 'downsample.conv'),
    (re.compile(r'\bdownsample\.1\b'), 'downsample.bn'),
)
# The part of a recognizer that is the backbone, in MMAction2 and in what grew out of TSN's repository.
BACKBONES = ('backbone.', 'base_model.')


def state_of(checkpoint: dict) -> dict[str, Tensor]:
    """The state dict in the content of a file, without the prefix of DataParallel.

    It is under ``'state_dict'``, under ``'model'`` (X-Temporal), or is the whole content.
    """
    state = next(
        (v for k in ('state_dict', 'model') if isinstance(v := checkpoint.get(k), dict)), checkpoint
    )
    return {key.removeprefix('module.'): value for key, value in state.items() if isinstance(key, str)}


def backbone_weights(checkpoint: dict) -> dict[str, Tensor]:
    """The weights of the backbone in a loaded checkpoint, with keys relative to it.

    Args:
        checkpoint: content of a file: a state dict, or a dict with one, of a backbone or of a
            recognizer.
    """
    state = state_of(checkpoint)
    for prefix in BACKBONES:
        inside = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        if inside:
            return inside
    return state


def plain_name(key: str) -> str:
    """The name of a backbone's weight in MMAction2's 2D ResNet, or in its ResNetTIN if it interlaces."""
    for prefix in BACKBONES:
        key = key.removeprefix(prefix)
    key = '.'.join(part for part in key.split('.') if part not in _WRAPPERS)
    for pattern, name in _NAMES:
        key = pattern.sub(name, key)
    return key


def is_of_the_authors(key: str) -> bool:
    """Whether a weight is one of the offset networks of the paper's authors, for which R is 2 frames."""
    return '.net1.biasnet.' in key


def fold_non_local_bias(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fold the bias in front of the BatchNorm of TSM's non-local blocks into the BatchNorm's mean.

    MMAction2's blocks have no such bias.
    """
    folded = dict(state)
    for key, bias in state.items():
        mean = f'{key.removesuffix("0.bias")}1.running_mean'
        if key.endswith('.nl.W.0.bias') and mean in state:
            folded[mean] = state[mean] - bias
            del folded[key]
    return folded
