"""A trained recognizer, ready to infer, and how its scores read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmaction.apis import init_recognizer
from mmengine.config import Config
from torch import Tensor, nn

from mmtin.checkpoint import read_checkpoint
from mmtin.checkpoint.meta import model_config
from mmtin.checkpoint.names import state_of
from mmtin.commands.arguments import require_file
from mmtin.config import read_config, type_name
from mmtin.datasets.list_files import names_of_classes, read_class_list
from mmtin.errors import UserError
from mmtin.models import TINResNet


def load_recognizer(config: str | Path, checkpoint: str | Path, device: str = 'cpu') -> nn.Module:
    """A recognizer in eval mode, all its weights from the checkpoint, BatchNorm folded into convolutions.

    ``model.cfg`` is its config, with what :func:`mmtin.config.read_config` completes.

    Raises:
        UserError: if config, checkpoint or device cannot be had, or the weights are not of this network.
    """
    require_file(str(config), 'config')
    cfg = read_config(config)
    if cfg.model.get('cls_head') is None:
        raise UserError(f'{config} builds no recognizer, which has a cls_head; give the config of one')
    # The scores of several views must become one distribution, as in the configs of mmtin.
    if cfg.model.cls_head.get('average_clips') is None:
        cfg.model.cls_head.average_clips = 'prob'
    content = read_checkpoint(checkpoint)
    _require_device(device)
    model = init_recognizer(cfg, None, device)
    _check_max_offset(model.backbone, content.get('meta'), checkpoint)
    _fill(model, state_of(content), checkpoint)
    if hasattr(model.backbone, 'fuse_for_inference'):
        model.backbone.fuse_for_inference()
    return model


def _require_device(device: str) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip('.')
        raise UserError(f'cannot use the device {device!r} ({reason}); try --device cpu') from error


def _check_max_offset(backbone: nn.Module, meta: object, checkpoint: str | Path) -> None:
    """The one argument that no shape of a weight tells; another value predicts other classes in silence."""
    if not isinstance(backbone, TINResNet):
        return
    trained = model_config(meta).get('backbone') or {}
    kind = type_name(trained)
    if trained.get('num_segments') not in (None, backbone.num_segments):
        return  # loading says more
    half_a_clip = backbone.num_segments / 2
    wanted = {'TINResNet': trained.get('max_offset') or half_a_clip, 'ResNetTIN': 2.0}.get(kind)
    built = backbone.max_offset or half_a_clip
    if wanted not in (None, built):
        raise UserError(
            f'{checkpoint} was trained with max_offset={wanted:g}, the config has {built:g}; set '
            'max_offset in its backbone, or give the config that tools/convert_checkpoint.py writes'
        )


def _fill(model: nn.Module, weights: Mapping[str, Tensor], checkpoint: str | Path) -> None:
    """Load weights that must leave nothing as initialised: random layers would predict in silence."""
    own = model.state_dict()
    weights = {key: value for key, value in weights.items() if isinstance(value, Tensor)}
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
    missing = [
        key
        for key in model.load_state_dict(weights, strict=False).missing_keys
        if not key.endswith('num_batches_tracked')
    ]
    if missing:
        raise UserError(
            f'{checkpoint} lacks {len(missing)} of the weights of the config, such as {missing[0]}; give a '
            'checkpoint of this network, or one that tools/convert_checkpoint.py made for it'
        )


def class_names(cfg: Config, labels: Path | None = None) -> list[str]:
    """The names of the classes in label order.

    Args:
        cfg: of the recognizer.
        labels: a file with one name a line; None takes what :func:`names_of_classes` finds, and the
            numbers of the classes if it finds none or those of another data set.

    Raises:
        UserError: if ``labels`` is not there or names another number of classes than the head has.
    """
    num_classes = cfg.model.cls_head.num_classes
    if labels is not None:
        return read_class_list(labels, num_classes)
    known = names_of_classes(cfg)
    if known is not None and len(known) == num_classes:
        return known
    return [str(label) for label in range(num_classes)]


def confidences(model: nn.Module, score: Tensor) -> Tensor:
    """``[classes]`` scores that a recognizer gives a clip -> probabilities, on the CPU."""
    if model.cls_head.average_clips == 'score' and not model.cls_head.multi_class:
        score = score.softmax(dim=0)
    return score.float().cpu()


def top_classes(scores: Tensor, names: Sequence[str], k: int = 5) -> list[dict]:
    """The k classes with the highest of ``[classes]`` scores, best first, as ``label, name, score``."""
    values, labels = scores.topk(min(k, len(names)))
    return [
        dict(label=label, name=names[label], score=round(value, 6))
        for value, label in zip(values.tolist(), labels.tolist())
    ]
