"""Multi-Moments in Time: several labels per clip."""

import re
from collections.abc import Iterator
from pathlib import Path

from mmtin.datasets.annotations.common import Annotations, LabelledClip, malformed, owner_file, rows

# A path, which may hold blanks and commas itself, and the labels at the end of the line.
_ROW = re.compile(r'(?P<path>.+?)(?P<labels>([,\s]+\d+)+)')


def read(folder: Path) -> Annotations:
    """Read ``moments_categories.txt``, ``trainingSet.csv`` and ``validationSet.csv`` (or ``.txt``).

    The first has ``name`` or ``name,label`` per line, the others the path of a clip and its labels, divided
    by commas or blanks.

    Raises:
        UserError: if a file is missing or a line malformed.
    """
    classes = _read_classes(owner_file(folder, 'moments_categories.txt'))
    splits = {
        'train': list(_clips(owner_file(folder, 'trainingSet.*'), len(classes))),
        'val': list(_clips(owner_file(folder, 'validationSet.*'), len(classes))),
    }
    return Annotations(classes, "the owner's, that of moments_categories.txt", splits)


def _read_classes(path: Path) -> tuple[str, ...]:
    names = {}
    for line, row in rows(path):
        name, _, number = row.partition(',')
        label = len(names) if not number else int(number) if number.strip().isdecimal() else -1
        if not name or label < 0 or label in names:
            raise malformed(path, line, f'expected "name" or "name,label", each label once, got "{row}"')
        names[label] = name
    for label in range(len(names)):
        if label not in names:
            raise malformed(path, len(names), f'the labels must be 0 to {len(names) - 1}, no {label} came')
    return tuple(names[label] for label in range(len(names)))


def _clips(path: Path, num_classes: int) -> Iterator[LabelledClip]:
    for line, row in rows(path):
        match = _ROW.fullmatch(row)
        if match is None:
            raise malformed(path, line, f'expected a path and one or more labels, got "{row}"')
        labels = tuple(dict.fromkeys(int(label) for label in re.findall(r'\d+', match['labels'])))
        if max(labels) >= num_classes:
            raise malformed(path, line, f'labels must be 0 to {num_classes - 1}, got {max(labels)}')
        yield LabelledClip(match['path'], labels)
