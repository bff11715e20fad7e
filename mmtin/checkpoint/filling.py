"""Load a checkpoint into a network so that no weight stays as it was initialised."""

from pathlib import Path

from torch import Tensor, nn

from mmtin.checkpoint.fitting import AUTHORS_MAX_OFFSET
from mmtin.checkpoint.meta import model_config
from mmtin.checkpoint.names import state_of
from mmtin.errors import UserError


def fill(model: nn.Module, content: dict, checkpoint: str | Path) -> None:
    """Load a checkpoint that must have every weight: random layers would give wrong predictions unnoticed.

    Args:
        model: a recognizer or detector of MMAction2.
        content: of the checkpoint, from :func:`mmtin.checkpoint.read_checkpoint`.
        checkpoint: its path, for the errors.

    Raises:
        UserError: if the checkpoint is of another network.
    """
    _check_max_offset(getattr(model, 'backbone', None), content.get('meta'), checkpoint)
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
        missing = model.load_state_dict(weights, strict=False).missing_keys
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


def _check_max_offset(backbone: nn.Module | None, meta: object, checkpoint: str | Path) -> None:
    """Compare ``max_offset``, which no weight's shape shows; another value would change predictions."""
    if not hasattr(backbone, 'max_offset'):
        return
    trained = model_config(meta).get('backbone') or {}
    kind = str(trained.get('type')).rpartition('.')[2]
    if trained.get('num_segments') not in (None, backbone.num_segments):
        return  # fit_state_dict reports that
    half_a_clip = backbone.num_segments / 2
    wanted = {
        'TINResNet': trained.get('max_offset') or half_a_clip,
        'ResNetTIN': AUTHORS_MAX_OFFSET,
    }.get(kind)
    built = backbone.max_offset or half_a_clip
    if wanted not in (None, built):
        raise UserError(
            f'{checkpoint} was trained with max_offset={wanted:g}, the config has {built:g}; set '
            'max_offset in its backbone, or give the config that tools/convert_checkpoint.py writes'
        )
