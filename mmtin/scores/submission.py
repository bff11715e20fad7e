"""Write predictions for a test set in the formats of challenges."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import numpy as np

from mmtin.errors import UserError
from mmtin.scores.dumps import ScoredClip, relative_names

TOP = 5  # predictions per clip, if a challenge takes several


def _best_name(name: str, labels: np.ndarray, classes: Sequence[str]) -> str:
    return f'{PurePosixPath(name).stem};{classes[labels[0]]}'


def _best_numbers(name: str, labels: np.ndarray, classes: Sequence[str]) -> str:
    return ';'.join([PurePosixPath(name).stem, *map(str, labels)])


def _file_and_numbers(name: str, labels: np.ndarray, classes: Sequence[str]) -> str:
    return ' '.join([name, *map(str, labels)])


# The owners' servers are closed. The first three are what the authors of TSM wrote for them
# (mit-han-lab/temporal-shift-module, test_models.py). The last is that of the Moments in Time challenge of
# 2018 (moments.csail.mit.edu/challenge.html); no description of the multi-label one of 2019 was found.
FORMATS: dict[str, Callable[[str, np.ndarray, Sequence[str]], str]] = {
    'sthv1': _best_name,
    'jester': _best_name,
    'sthv2': _best_numbers,
    'mmit': _file_and_numbers,
}
NEEDS_CLASSES = frozenset({'sthv1', 'jester'})


def submission(
    clips: Sequence[ScoredClip], form: str, names: Sequence[str] | None = None, classes: Sequence[str] = ()
) -> list[str]:
    """One line per clip, in the order of the clips.

    ``sthv1`` and ``jester`` have ``id;name of the class``, ``sthv2`` has ``id;`` and the numbers of the
    five best classes, ``mmit`` has the file and these five numbers, divided by blanks.

    Args:
        clips: of the test set.
        form: a key of FORMATS.
        names: of the clips, if the dump has none.
        classes: their names in label order, for formats with names.

    Raises:
        UserError: if clips have no names, or names or classes do not fit the dump.
    """
    names = names or relative_names(clips)
    if names is None:
        raise UserError(
            'the dump has no names of clips; give the list of the test set with --clips, or dump anew with '
            '`mim test mmtin ... --dump`, which writes them'
        )
    if len(names) != len(clips):
        raise UserError(f'the list names {len(names)} clips, the dump has {len(clips)}: not the same set')
    num_classes = len(clips[0].scores)
    if form in NEEDS_CLASSES and len(classes) != num_classes:
        raise UserError(
            f'{form} takes names of classes: --labels must name the {num_classes} of the dump, one a line, '
            f'got {len(classes)}'
        )
    # Stable, so that equal scores are in label order.
    best = np.argsort([-clip.scores for clip in clips], axis=1, kind='stable')[:, :TOP]
    return [FORMATS[form](name, labels, classes) for name, labels in zip(names, best)]
