"""Metrics of dumped scores, and the average of several recognizers' scores."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from mmaction.evaluation import AccMetric

from mmtin.errors import UserError
from mmtin.scores.dumps import ScoredClip, relative_names

_MULTI_LABEL_METRICS = ('mmit_mean_average_precision', 'mean_average_precision')


def metrics(clips: Sequence[ScoredClip]) -> dict[str, float]:
    """MMAction2's metrics as fractions, by its names: ``acc/top1`` or ``acc/mean_average_precision``, ...

    Empty if a label is not known, as in the test set of a challenge.
    """
    labels = [clip.label for clip in clips]
    single = isinstance(labels[0], int)
    if single and min(labels) < 0:
        return {}
    metric = AccMetric() if single else AccMetric(metric_list=_MULTI_LABEL_METRICS)
    values = metric.calculate([clip.scores for clip in clips], labels)
    return {f'{metric.default_prefix}/{name}': float(value) for name, value in values.items()}


def average(
    parts: Mapping[str, Sequence[ScoredClip]], weights: Sequence[float] | None = None
) -> list[ScoredClip]:
    """The weighted mean of the probabilities that several recognizers give the same clips.

    Args:
        parts: clips by the name of their dump, two or more.
        weights: one for each part, equal by default; only their ratios matter.

    Raises:
        UserError: if the parts are of different clips or in different order, scores are no probabilities,
            or the number of weights differs.
    """
    weights = [1.0] * len(parts) if weights is None else list(weights)
    if len(weights) != len(parts):
        raise UserError(f'expected one weight for each of {len(parts)} dumps, got {len(weights)}')
    if not all(math.isfinite(weight) and weight > 0 for weight in weights):
        raise UserError(f'weights must be positive numbers, got {" ".join(map(str, weights))}')
    _check_same_clips(parts)
    scores = [_probabilities(name, clips) for name, clips in parts.items()]
    mean = np.average(scores, axis=0, weights=weights).astype(np.float32)
    # Names may be missing in some of the dumps.
    named = next((clips for clips in parts.values() if clips[0].name), next(iter(parts.values())))
    return [ScoredClip(clip.name, row, clip.label) for clip, row in zip(named, mean)]


def _check_same_clips(parts: Mapping[str, Sequence[ScoredClip]]) -> None:
    if len(parts) < 2:
        raise UserError('an ensemble needs two dumps or more, each under its own name')
    (first, clips), *others = parts.items()
    names = relative_names(clips)
    for other, other_clips in others:
        if len(clips) != len(other_clips):
            raise UserError(
                f'{first} has {len(clips)} clips and {other} {len(other_clips)}: not dumps of the same set'
            )
        if len(clips[0].scores) != len(other_clips[0].scores):
            raise UserError(
                f'{first} has {len(clips[0].scores)} classes and {other} {len(other_clips[0].scores)}: '
                'not dumps of the same set'
            )
        other_names = relative_names(other_clips)
        for index, pair in enumerate(zip(names or (), other_names or ())):
            if pair[0] != pair[1]:
                raise UserError(
                    f'clip {index + 1} is {pair[0]} in {first} and {pair[1]} in {other}: not dumps of the '
                    'same set; test both models on one list'
                )
        fault = (
            'labels in another order'
            if names and other_names
            else 'another set, or labels in another order'
        )
        for index, (one, two) in enumerate(zip(clips, other_clips)):
            if not np.array_equal(one.label, two.label):
                raise UserError(
                    f'clip {index + 1} has label {_text(one.label)} in {first} and {_text(two.label)} in '
                    f'{other}: {fault}; test both models on one list'
                )
        if not (names and other_names) and all(np.all(np.equal(clip.label, -1)) for clip in clips):
            raise UserError(
                f'{first} and {other} have neither labels nor names of clips to tell whether they '
                'are of the same set; `mim test mmtin ... --dump` writes the names'
            )


def _probabilities(name: str, clips: Sequence[ScoredClip]) -> np.ndarray:
    """``[N, classes]``, checked to lie in 0 to 1."""
    scores = np.stack([clip.scores for clip in clips])
    if scores.min() < 0 or scores.max() > 1 + 1e-4:
        raise UserError(
            f'{name} has scores from {scores.min():.3g} to {scores.max():.3g}, no probabilities; test the '
            'model with --cfg-options model.cls_head.average_clips=prob'
        )
    return scores


def _text(label: int | np.ndarray) -> str:
    return str(label) if isinstance(label, int) else ' '.join(map(str, np.flatnonzero(label)))
