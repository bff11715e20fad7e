"""Load a checkpoint into a network so that no weight stays as it was initialised."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from mmtin.checkpoint.max_offset import AUTHORS_MAX_OFFSET, largest_offset
from mmtin.checkpoint.meta import interlacing_backbone
from mmtin.checkpoint.names import state_of
from mmtin.errors import UserError


def fill(model: nn.Module, content: dict, checkpoint: str | Path) -> None:
    """Load a checkpoint that must have every weight: random layers would give wrong predictions unnoticed.

    Args:
        model: a recognizer or detector of MMAction2.
        content: of the checkpoint, from :func:`mmtin.checkpoint.read_checkpoint`.
        checkpoint: its path, for the errors.

    Raises:
        UserError: if the checkpoint is of another network, also if it interlaces in more blocks.
    """
    own = model.state_dict()
    weights = {key: value for key, value in state_of(content).items() if isinstance(value, Tensor)}
    if not own.keys() & weights.keys():
        raise UserError(
            f'{checkpoint} has no weights by the names of MMAction2, such as {next(iter(own))}; '
            'tools/convert_checkpoint.py makes a checkpoint of it that has'
        )
    for key in sorted(own.keys() & weights.keys()):
        if own[key].shape != weights[key].shape and not key.startswith('backbone.'):
            raise UserError(
                f'{key} is {list(weights[key].shape)} in {checkpoint}, {list(own[key].shape)} in the '
                'config; give the config of this checkpoint'
            )
    try:
        missing, unused = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # another shape in a backbone that is not ours
        reason = str(error).splitlines()[-1].strip()
        raise UserError(
            f'{checkpoint} does not fit the config ({reason}); give the config of this checkpoint'
        ) from error
    missing = [key for key in missing if not key.endswith('num_batches_tracked')]
    if missing:
        raise UserError(
            f'{checkpoint} lacks {len(missing)} of the weights of the config, such as {missing[0]}; give a '
            'checkpoint of this network, or one that tools/convert_checkpoint.py made for it'
        )
    if temporal := [key for key in unused if '.net1.' in key]:
        raise UserError(
            f'{checkpoint} interlaces in blocks where the config does not, such as {temporal[0]}; give the '
            'config of this checkpoint, or train this one from it with load_from'
        )
    # Last: loading reports another number of frames, with which the largest offset may differ.
    _check_interlacing(model, content.get('meta'), checkpoint)


def _check_interlacing(model: nn.Module, meta: object, checkpoint: str | Path) -> None:
    """Compare the arguments that no weight's shape shows; other values would change predictions."""
    trained = interlacing_backbone(meta)
    if trained is None:
        return
    layer: Any
    for layer in model.modules():
        if not hasattr(layer, 'offset_net'):
            continue
        wanted = largest_offset(trained.get('max_offset'), layer.num_segments, trained.get('offsets_per'))
        # MMAction2's layers do not say theirs.
        built = getattr(layer.offset_net, 'max_offset', AUTHORS_MAX_OFFSET)
        for name, stated, own in (
            ('max_offset', f'{wanted:g}', f'{built:g}'),
            ('reverse', trained.get('reverse') is not False, getattr(layer, 'reverse', True)),
            ('causal', trained.get('causal') is True, getattr(layer, 'causal', False)),
        ):
            if stated != own:
                raise UserError(
                    f'{checkpoint} was trained with {name}={stated}, the config has {own}; set {name} in '
                    'its backbone, or give the config that tools/convert_checkpoint.py writes'
                )
