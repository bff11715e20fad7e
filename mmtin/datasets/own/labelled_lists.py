"""Videos in a list with labels."""

import re
from pathlib import Path
from typing import NamedTuple

from mmtin.datasets.annotations import LabelledClip
from mmtin.datasets.list_files import read_class_list
from mmtin.errors import UserError


class ListedClips(NamedTuple):
    """The clips of lists, with the names of the classes in label order."""

    classes: tuple[str, ...]
    clips: list[list[LabelledClip]]


def read_lists(*paths: Path) -> ListedClips:
    """Read lists that share their classes: ``path label...`` per line.

    A path and its labels are divided by TABs or commas, or by blanks. Labels are numbers from 0, or, behind
    a TAB or a comma, names. The names of the classes are those of ``labels.txt`` beside the first list;
    without it, the sorted names in the lists, or the numbers.

    Raises:
        UserError: names the line that does not fit.
    """
    rows = [list(_rows(path)) for path in paths]
    words = {word for lines in rows for _, _, labels in lines for word in labels}
    numbered = all(word.isdecimal() for word in words)
    beside = paths[0].with_name('labels.txt')
    if beside.is_file():
        classes = tuple(read_class_list(beside))
    elif numbered:
        classes = tuple(str(label) for label in range(max(map(int, words)) + 1))
    else:
        classes = tuple(sorted(words))
    label_of = {str(label): label for label in range(len(classes))} if numbered else {}
    label_of = label_of or {name: label for label, name in enumerate(classes)}
    clips = []
    for path, lines in zip(paths, rows):
        clips.append([])
        for number, name, labels in lines:
            unknown = next((label for label in labels if label not in label_of), None)
            if unknown is not None:
                raise UserError(
                    f'{path}, line {number}: no class {unknown!r}, {beside} names {len(classes)} classes; '
                    'correct the label or the names'
                )
            clips[-1].append(LabelledClip(name, tuple(sorted({label_of[label] for label in labels}))))
    return ListedClips(classes, clips)


def _rows(path: Path):
    """The number, from 1, the path and the labels of each line that is not blank."""
    try:
        lines = path.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise UserError(
            f'{path} is no list: it is not UTF-8 text; give a folder, or a list with "path label" per line'
        ) from error
    filled = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not filled:
        raise UserError(f'the list {path} is empty; it needs one line a video')
    delimiter = next((mark for mark in '\t,' if all(mark in line for _, line in filled)), None)
    for number, line in filled:
        if delimiter:
            name, *labels = (part.strip() for part in line.split(delimiter))
        else:
            match = re.fullmatch(r'(.+?)((?:\s+\d+)+)', line)
            name, labels = (match[1], match[2].split()) if match else (line, [])
        if not name or not labels or not all(labels):
            raise UserError(
                f'{path}, line {number}: expected "path label", or a TAB and the name of a class behind '
                f'the path, got {line!r}; repair the line'
            )
        yield number, name, labels
