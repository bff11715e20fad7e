"""Load a trained recognizer for inference, and name its classes."""

from collections.abc import Sequence
from pathlib import Path

import torch
from mmaction.apis import init_recognizer
from mmengine.config import Config
from torch import Tensor, nn

from mmtin.checkpoint import read_checkpoint
from mmtin.checkpoint.filling import fill
from mmtin.commands.arguments import require_device
from mmtin.config import find_config, read_config
from mmtin.datasets.list_files import names_of_classes, read_class_list
from mmtin.errors import UserError
from mmtin.prediction.precision import compute_in
from mmtin.prediction.videos import NOT_FINITE


def load_recognizer(
    config: str | Path | Config,
    checkpoint: str | Path,
    device: str = 'cpu',
    dtype: torch.dtype = torch.float32,
) -> nn.Module:
    """A recognizer in eval mode, all its weights from the checkpoint, BatchNorm folded into convolutions.

    ``model.cfg`` is its config, with what :func:`mmtin.config.read_config` completes; ``config`` may be
    one that it has completed.

    Args:
        config: a file, or its contents.
        checkpoint: a file.
        device: of the weights.
        dtype: what the backbone computes in: float32 or bfloat16, see
            :func:`mmtin.prediction.precision.compute_in`.

    Raises:
        UserError: if config, checkpoint or device is not available, the weights are of another network, or
            the backbone cannot compute in ``dtype``.
    """
    cfg = config if isinstance(config, Config) else read_config(find_config(config))
    if cfg.model.get('cls_head') is None:
        raise UserError(
            f'{cfg.filename} builds no recognizer, which has a cls_head; give the config of one'
        )
    # The scores of several views must be averaged to probabilities, as in the configs of mmtin.
    if cfg.model.cls_head.get('average_clips') is None:
        cfg.model.cls_head.average_clips = 'prob'
    content = read_checkpoint(checkpoint)
    require_device(device)
    model = init_recognizer(cfg, None, device)
    fill(model, content, checkpoint)
    if hasattr(model.backbone, 'fuse_for_inference'):
        model.backbone.fuse_for_inference()
    compute_in(model, dtype)
    return model


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
    """Scores ``[classes]`` of a clip -> probabilities, on the CPU."""
    if model.cls_head.average_clips == 'score' and not model.cls_head.multi_class:
        score = score.softmax(dim=0)
    return score.float().cpu()


def top_classes(scores: Tensor, names: Sequence[str], k: int = 5) -> list[dict]:
    """The k classes with the highest scores of ``[classes]``, best first, as ``label, name, score``.

    Raises:
        UserError: if a score is not finite.
    """
    if not scores.isfinite().all():
        raise UserError(NOT_FINITE.reason)
    values, labels = scores.topk(min(k, len(names)))
    return [
        dict(label=label, name=names[label], score=round(value, 6))
        for value, label in zip(values.tolist(), labels.tolist())
    ]
