"""Weights of the releases of BNInception, TSN, TRN and ECO, under their names."""

from mmengine.logging import print_log
from torch import Tensor, nn

from mmtin.checkpoint.first_convolution import for_channels
from mmtin.checkpoint.names import backbone_weights, state_of
from mmtin.checkpoint.reading import read_checkpoint
from mmtin.errors import UserError

_CLASSIFIERS = ('last_linear.', 'fc.', 'fc_action.', 'fc_final.', 'new_fc.', 'cls_head.')
# Of a whole recognizer: what TSN's repository and those that started from it call its parts.
_PARTS = {'base_model.': 'backbone.', 'new_fc.': 'cls_head.fc_cls.', 'consensus.': 'cls_head.consensus.'}


def recognizer_weights(checkpoint: dict) -> dict[str, Tensor]:
    """The state dict of a Recognizer2D, of a release of TSN, TRN or ECO that was read.

    TSN's goes into ``TSNHead`` or ``TSMHead``, TRN's into ``TRNHead``, ECO's into ``ECOHead``.

    Args:
        checkpoint: what the file holds, see :func:`mmtin.checkpoint.read_checkpoint`.
    """
    weights = {}
    for key, value in state_of(checkpoint).items():
        part = next((part for part in _PARTS if key.startswith(part)), '')
        weights[_PARTS.get(part, '') + key.removeprefix(part)] = _one_dimension(key, value)
    return weights


def load_backbone(backbone: nn.Module, path: str, in_channels: int) -> None:
    """Load the weights of the backbone in a file, with none missing.

    Args:
        backbone: a BNInception or ECO.
        path: a file or an address.
        in_channels: of the frames.

    Raises:
        UserError: if the file has not all of the network, or something else.
    """
    given = {
        key: _one_dimension(key, value)
        for key, value in backbone_weights(read_checkpoint(path)).items()
        if not key.startswith(_CLASSIFIERS) and isinstance(value, Tensor)
    }
    own = backbone.state_dict()
    # A counter that files from before torch 0.4.1 lack and that inference does not use.
    missing = {key for key in own if not key.endswith('num_batches_tracked')} - given.keys()
    # ECO Lite takes the first part of BNInception.
    foreign = {key for key in given.keys() - own.keys() if not key.startswith('inception_')}
    images_alone = bool(missing) and all(key.startswith('res') for key in missing) and not foreign
    wrong = [] if images_alone else sorted(missing or foreign)
    if wrong:
        raise UserError(
            f'{path} is no {type(backbone).__name__} with the names of a release: it '
            f'{"lacks" if missing else "has besides"} {_some(wrong)}; give weights of BNInception, TSN, '
            'TRN or ECO'
        )
    first = 'conv1_7x7_s2.weight'
    given[first] = for_channels(given[first], in_channels)
    shapes = [key for key in given if key in own and given[key].shape != own[key].shape]
    if shapes:
        raise UserError(
            f'{path} is of another network: {shapes[0]} is {list(given[shapes[0]].shape)}, expected '
            f'{list(own[shapes[0]].shape)}; give weights of BNInception, TSN, TRN or ECO'
        )
    backbone.load_state_dict({key: value for key, value in given.items() if key in own}, strict=False)
    if images_alone:
        print_log(f'{path} is of images: the 3D network starts as initialised.', 'current')


def _one_dimension(key: str, value: Tensor) -> Tensor:
    """BatchNorm of files from Caffe is ``[1, C]``."""
    return value.squeeze(0) if '_bn.' in key and isinstance(value, Tensor) and value.dim() == 2 else value


def _some(names: list[str]) -> str:
    return names[0] + (f' and {len(names) - 1} more' if len(names) > 1 else '')
