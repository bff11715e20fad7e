"""Scores of clips in the files that ``mim test CONFIG --checkpoint FILE --dump FILE.pkl`` writes.

Such a file is a pickle, and reading one could run any code: see :mod:`mmtin.files.pickles`.
"""

import os.path
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmaction.structures.action_data_sample import format_label

from mmtin.datasets.clip_names import NAME_KEYS
from mmtin.errors import UserError
from mmtin.files.pickles import NumberArray, NumbersUnpickler
from mmtin.files.whole import write_whole


@dataclass(frozen=True, eq=False)
class ScoredClip:
    """A clip of the test set and a recognizer's scores for it.

    Attributes:
        name: path of the video or folder of frames as the dataset has it; None in a dump without names.
        scores: ``[classes]``, float32, in label order.
        label: the class, -1 if it is not known, or ``[classes]`` with 1 for each of several classes.
    """

    name: str | None
    scores: np.ndarray
    label: int | np.ndarray


def read_dump(path: str | Path) -> list[ScoredClip]:
    """The clips of a dump in the order of the test list. No code in the file is run.

    Raises:
        UserError: if it is missing, cut off, holds anything but numbers and their containers, or is no
            dump of a recognizer.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(
            f'no dump at {path}; `mim test mmtin CONFIG --checkpoint FILE --dump {path}` writes it'
        )
    try:
        with path.open('rb') as file:
            samples = NumbersUnpickler(file).load()
    except UserError as error:
        raise UserError(f'{path} {error}') from error
    except Exception as error:  # a damaged pickle can raise anything
        reason = f'{type(error).__name__}: {error}'.strip().splitlines()[0]
        raise UserError(
            f'cannot read {path} as a dump ({reason}); write it anew with `mim test ... --dump`'
        ) from error
    if not isinstance(samples, list) or not samples:
        raise UserError(f'{path} is no dump of a test: expected a list of clips with their scores')
    clips = [_clip(path, index, sample) for index, sample in enumerate(samples)]
    sizes = {len(clip.scores) for clip in clips}
    if len(sizes) > 1:
        raise UserError(
            f'{path} has scores of {min(sizes)} and of {max(sizes)} classes; expected one number'
        )
    return clips


def write_dump(path: str | Path, clips: Sequence[ScoredClip]) -> None:
    """Write clips as MMAction2's ``DumpResults`` does; an existing file is replaced in one step.

    Raises:
        UserError: if the file cannot be written.
    """
    samples = []
    for clip in clips:
        scores = torch.from_numpy(clip.scores)
        names = {} if clip.name is None else {NAME_KEYS[0]: clip.name}
        samples.append(
            dict(
                pred_score=scores,
                pred_label=scores.argmax(dim=0, keepdim=True),
                gt_label=format_label(clip.label),
                **names,
            )
        )
    write_whole(pickle.dumps(samples, protocol=2), path)


def relative_names(clips: Sequence[ScoredClip]) -> list[str] | None:
    """Names of the clips relative to their common folder; None if a clip has no name.

    The media of a set may be in different folders on different machines; relative names are the same.
    """
    names = [clip.name for clip in clips if clip.name is not None]
    if len(names) < len(clips):
        return None
    folder = os.path.commonpath([os.path.dirname(name) for name in names])
    return [os.path.relpath(name, folder or os.curdir) for name in names]


def _clip(path: Path, index: int, sample: object) -> ScoredClip:
    where = f'{path}, clip {index + 1}'
    if not isinstance(sample, dict) or not {'pred_score', 'gt_label'} <= sample.keys():
        raise UserError(f'{where}: expected pred_score and gt_label, as `mim test ... --dump` writes them')
    if isinstance(sample['pred_score'], dict):
        raise UserError(f'{where} has scores of several streams; expected those of one')
    scores, label = (_array(where, key, sample[key]) for key in ('pred_score', 'gt_label'))
    with np.errstate(over='ignore'):  # gives infinity, which is refused
        scores = scores.astype(np.float32)
    if not scores.size:
        raise UserError(f'{where}: pred_score is empty; expected scores of at least one class')
    if scores.ndim != 1 or not np.isfinite(scores).all():
        raise UserError(f'{where}: expected one finite score a class, got an array {list(scores.shape)}')
    return ScoredClip(_name(where, sample), scores, _label(where, label, len(scores)))


def _array(where: str, key: str, value: object) -> np.ndarray:
    """A number or flat list of numbers as ``[n]``; an array in its own shape, but ``[]`` as ``[1]``."""
    if isinstance(value, NumberArray):
        return np.atleast_1d(value.array)
    values = value if isinstance(value, list | tuple) else [value]
    wrong = next((type(item).__name__ for item in values if not isinstance(item, int | float)), None)
    if wrong:
        raise UserError(f'{where}: expected numbers in {key}, got {wrong}')
    array = np.array(values)
    if array.dtype.kind not in 'biuf':  # integers too large for an array
        raise UserError(f'{where}: a number in {key} is too large')
    return array


def _label(where: str, label: np.ndarray, num_classes: int) -> int | np.ndarray:
    if label.shape == (1,):
        if label.dtype.kind not in 'iu' or label[0] < -1:
            raise UserError(
                f'{where}: a label {label[0]}; expected an integer, 0 for the first class and -1 for none'
            )
        if label[0] < num_classes:
            return int(label[0])
        raise UserError(f'{where}: a label {label[0]} does not fit scores of {num_classes} classes')
    if label.shape != (num_classes,):
        raise UserError(
            f'{where}: a label of shape {list(label.shape)} does not fit scores of {num_classes} classes'
        )
    if not np.isin(label, (0, 1)).all():
        raise UserError(f'{where}: expected 0 or 1 for each class in gt_label')
    return label


def _name(where: str, sample: dict) -> str | None:
    names = {key: sample[key] for key in NAME_KEYS if sample.get(key) is not None}
    for key, name in names.items():
        if not isinstance(name, str):
            raise UserError(f'{where}: expected a path as text in {key}, got {type(name).__name__}')
    return next(filter(None, names.values()), None)
