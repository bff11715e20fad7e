"""Lists of videos with labels."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import NamedTuple

from mmtin.datasets.annotations import LabelledClip
from mmtin.datasets.list_files import ListedClip, malformed_line, parse_clips, read_class_list, read_lines
from mmtin.errors import UserError


class ListedClips(NamedTuple):
    """The clips of lists, with the names of the classes in label order."""

    classes: tuple[str, ...]
    clips: list[list[LabelledClip]]


def read_lists(*paths: Path) -> ListedClips:
    """Read lists that share their classes: ``path label...`` per line.

    A path and its labels are divided by TABs, commas or blanks, and labels behind a TAB by commas, too, if
    each part is a number or stands alone elsewhere. Labels are numbers from 0 or, after a TAB or a comma,
    names. ``labels.txt`` beside the first list names the classes; without it they are the
    sorted names in the lists, or the numbers. Each class of a later list has a clip in the first one.

    Raises:
        UserError: names the line that does not fit.
    """
    rows = [_rows(path) for path in paths]
    alone = {word for clips in rows for clip in clips for word in clip.behind}
    rows = [[clip._replace(behind=_divided(clip.behind, alone)) for clip in clips] for clips in rows]
    words = {word for clips in rows for clip in clips for word in clip.behind}
    numbered = all(word.isdecimal() for word in words)
    beside = paths[0].with_name('labels.txt')
    if beside.is_file():
        classes = tuple(read_class_list(beside))
    elif not numbered and any(word.isdecimal() for word in words):
        raise _mixture(paths, rows, beside)
    elif numbered:
        classes = tuple(str(label) for label in range(max(map(int, words)) + 1))
    else:
        classes = tuple(sorted(words))
    label_of = {str(label): label for label in range(len(classes))} if numbered else {}
    label_of = label_of or {name: label for label, name in enumerate(classes)}
    clips = []
    trained_on = {label for clip in rows[0] for label in clip.behind}
    for path, lines in zip(paths, rows):
        clips.append([])
        for clip in lines:
            unknown = next((label for label in clip.behind if label not in label_of), None)
            if unknown is not None:
                raise UserError(
                    f'{path}, line {clip.number}: no class {unknown!r}, {beside} names {len(classes)} '
                    'classes; correct the label or the names'
                )
            untrained = next((label for label in clip.behind if label not in trained_on), None)
            if untrained is not None:
                raise UserError(
                    f'{path}, line {clip.number}: no clip of {paths[0]} has the class {untrained!r}, so '
                    'that nothing can learn it; correct the label, or add clips of the class there'
                )
            clips[-1].append(
                LabelledClip(clip.path, tuple(sorted({label_of[label] for label in clip.behind})))
            )
    return ListedClips(classes, clips)


def _divided(labels: Sequence[str], alone: Container[str]) -> tuple[str, ...]:
    """The labels, with ``run,jump`` as two where both are numbers or stand ``alone`` elsewhere."""
    divided: list[str] = []
    for label in labels:
        parts = [part.strip() for part in label.split(',')]
        whole = len(parts) == 1 or not all(part.isdecimal() or part in alone for part in parts)
        divided += [label] if whole else parts
    return tuple(divided)


def _mixture(paths: Sequence[Path], rows: Sequence[list[ListedClip]], beside: Path) -> UserError:
    """The error for lists with numbers and names as labels; it names the first line with each."""
    first: dict[bool, str] = {}
    for path, clips in zip(paths, rows):
        for clip in clips:
            for label in clip.behind:
                first.setdefault(label.isdecimal(), f'{label!r} ({path}, line {clip.number})')
    return UserError(
        f'the labels are numbers, such as {first[True]}, and names, such as {first[False]}; give one kind '
        f'alone, or list all names in {beside}'
    )


def _rows(path: Path) -> list[ListedClip]:
    """The lines that are not blank."""
    clips = parse_clips([row for row in read_lines(path) if row[1].strip()], usual='\t, ', named='\t,')
    for clip in clips:
        negative = min(clip.numbers or (0,)) < 0
        if negative or not clip.path or not clip.behind or not all(clip.behind):
            raise malformed_line(path, clip, 'path label')
    return clips
