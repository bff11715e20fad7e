"""Refuse checkpoints that cannot be converted, and say why."""

from collections.abc import Sequence

from mmtin.checkpoint.names import BACKBONES
from mmtin.conversion.sources import Source
from mmtin.errors import UserError


def check_filled(source: Source, unfilled: Sequence[str], fill: str | None) -> None:
    """Refuse a source that lacks weights, unless they are those of interlacing and ``fill`` is set.

    Args:
        source: the checkpoint to convert.
        unfilled: the keys of TINResNet's weights that it leaves unfilled.
        fill: as in :func:`mmtin.conversion.convert.convert_checkpoint`.
    """
    trunk = [key for key in unfilled if '.net1.' not in key]
    if trunk or (unfilled and source.network == 'TIN'):
        missing = trunk or unfilled
        raise UserError(
            f'the checkpoint ({source.kind}) lacks {len(missing)} weights of a ResNet-{source.depth}, such '
            f'as {missing[0]}; give a whole one'
        )
    if unfilled and fill is None:
        raise UserError(
            f'the checkpoint ({source.kind}) leaves {len(unfilled)} weights unfilled, those of the '
            f'networks that predict offsets and weights, such as {unfilled[0]}; say what they get: '
            '--fill initial to train from, or --fill source to compute what the source computes'
        )


def check_reproducible(source: Source, dropped: Sequence[str]) -> None:
    """Refuse a source if a TINResNet would compute something else from its weights.

    Args:
        source: the checkpoint to convert.
        dropped: the keys of its weights that have no place in a TINResNet. If the source has no
            classifier of frames, only its backbone is converted, and weights outside it do not matter.
    """
    backbone = next((name for name in BACKBONES if any(key.startswith(name) for key in source.state)), '')
    lost = [key for key in dropped if source.classifier or key.startswith(backbone)]
    if lost:
        reason = f'{len(lost)} of its weights have no place in a TINResNet, such as {lost[0]}'
        if any('.non_local_block.' in key for key in lost):
            reason += ', and the file does not say how its non-local blocks compare positions'
    elif {'temporal_pool', 'non_local'} <= source.backbone.keys() and not source.kind.startswith('mmtin'):
        reason = 'its non-local blocks mix clips, since temporal_pool halved those without their knowing'
    else:
        return
    raise UserError(
        f'a TINResNet would compute something else than the checkpoint ({source.kind}): {reason}; '
        'take --fill initial to train from the rest'
    )
