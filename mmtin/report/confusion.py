"""Analyse the scores of a test set: confused classes, best and worst classified clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmaction.evaluation import mmit_mean_average_precision
from mmengine.dataset import BaseDataset

from mmtin.errors import UserError
from mmtin.scores.dumps import ScoredClip, read_dump


@dataclass(frozen=True)
class Confusion:
    """Clips of class ``true`` predicted as ``predicted``: their number, and their share of the class."""

    true: int
    predicted: int
    count: int
    share: float


def find_dump(work_dir: Path) -> Path | None:
    """The newest dump in a work directory."""
    files = [
        path
        for pattern in ('*.pkl', '*/*.pkl', '*.pickle', '*/*.pickle')
        for path in work_dir.glob(pattern)
    ]
    return max(files, key=lambda path: path.stat().st_mtime, default=None)


def read_predictions(path: Path, class_names: Sequence[str] | None) -> list[ScoredClip]:
    """The clips of a dump.

    Raises:
        UserError: if it cannot be read or has another number of classes than there are names.
    """
    clips = read_dump(path)
    if class_names is not None and len(class_names) != len(clips[0].scores):
        raise UserError(
            f'{path} has scores of {len(clips[0].scores)} classes, but {len(class_names)} names are known: '
            'it is a dump of another set, or --labels names the wrong file'
        )
    return clips


def require_same_clips(path: Path, clips: Sequence[ScoredClip], dataset: BaseDataset) -> None:
    """Check that a dump is of this test set: as many clips, with the same labels in the same order.

    Raises:
        UserError: if not.
    """
    where = f'{path} is not of the test set {dataset.ann_file}'
    if len(clips) != len(dataset):
        raise UserError(
            f'{where}: it has {len(clips)} clips, the set {len(dataset)}; name its dump with --dumps'
        )
    for index, clip in enumerate(clips):
        dumped, listed = (
            true_labels(label) for label in (clip.label, dataset.get_data_info(index)['label'])
        )
        if dumped != listed:
            raise UserError(
                f'{where}: from clip {index + 1} on it has other labels ({dumped}, the set {listed}), so '
                'clips or labels have another order; name its dump with --dumps'
            )


def true_labels(label: int | np.ndarray) -> list[int]:
    """The classes of a clip: one, or of ``[classes]`` those that are 1."""
    return [label] if isinstance(label, int) else np.flatnonzero(label).tolist()


def top1_accuracy(clips: Sequence[ScoredClip]) -> float:
    """The share of correctly classified clips, for clips of a single label."""
    return float(np.mean([clip.scores.argmax() == clip.label for clip in clips]))


def is_single_label(clips: Sequence[ScoredClip]) -> bool:
    """Whether each clip has one class, and it is known."""
    return all(isinstance(clip.label, int) and clip.label >= 0 for clip in clips)


def most_confused(clips: Sequence[ScoredClip], count: int) -> list[Confusion]:
    """The pairs of classes that are confused most often, at most ``count``, for clips of a single label."""
    matrix = confusion_counts(clips)
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind='stable')[:count]
    return [
        Confusion(
            int(true),
            int(predicted),
            int(wrong[true, predicted]),
            wrong[true, predicted] / matrix[true].sum(),
        )
        for true, predicted in zip(*np.unravel_index(order, wrong.shape))
        if wrong[true, predicted]
    ]


def confusion_counts(clips: Sequence[ScoredClip]) -> np.ndarray:
    """``[classes, classes]``: clips of each true class (row) by predicted class (column)."""
    counts = np.zeros((len(clips[0].scores),) * 2, int)
    true, predicted = np.array([(clip.label, clip.scores.argmax()) for clip in clips]).T
    np.add.at(counts, (true, predicted), 1)
    return counts


def rank_clips(clips: Sequence[ScoredClip]) -> list[int]:
    """Indices of the clips from the best to the worst classified; clips without a label are left out.

    They are ranked by the score of the true class; with several, by the average precision of the clip.
    """
    quality = {}
    for index, clip in enumerate(clips):
        if isinstance(clip.label, int):
            if clip.label >= 0:
                quality[index] = clip.scores[clip.label]
        else:
            quality[index] = mmit_mean_average_precision([clip.scores], [clip.label])
    return sorted(quality, key=quality.__getitem__, reverse=True)
