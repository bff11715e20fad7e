"""Parts that the readers of owners' files share."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmtin.errors import UserError


@dataclass(frozen=True)
class LabelledClip:
    """One clip as its owner lists it.

    Args:
        path: of the file, or of the folder of frames, in the media folder.
        labels: from 0; empty if the owner keeps them back.
        alternatives: other paths in the media folder where common downloads have it.
    """

    path: str
    labels: tuple[int, ...] = ()
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Annotations:
    """The content of the owner's files.

    Args:
        classes: names in label order.
        label_order: says where that order comes from.
        splits: the clips of ``'train'``, ``'val'`` and, where there is one, ``'test'``.
    """

    classes: tuple[str, ...]
    label_order: str
    splits: dict[str, list[LabelledClip]]


def malformed(path: Path, line: int, problem: str) -> UserError:
    """The error for one line of an owner's file."""
    return UserError(f'{path}, line {line}: {problem}; repair the line or take it out')


def owner_files(folder: Path, pattern: str) -> list[Path]:
    """The files of ``folder`` that match ``pattern``, sorted; at least one.

    Raises:
        UserError: if there is none.
    """
    found = sorted(folder.glob(pattern))
    if not found:
        raise UserError(
            f'no {pattern} in {folder}: --annotations takes the folder with the files that the owner of '
            'the data set ships, see data/README.md'
        )
    return found


def owner_file(folder: Path, pattern: str) -> Path:
    """The one file of ``folder`` that matches ``pattern``.

    Raises:
        UserError: if there is none, or more than one.
    """
    found = owner_files(folder, pattern)
    if len(found) > 1:
        names = ', '.join(path.name for path in found)
        raise UserError(f'several files match {pattern} in {folder}: {names}; leave one of them there')
    return found[0]


def read_text(path: Path) -> str:
    """The text of an owner's file in UTF-8, with or without a byte order mark.

    Raises:
        UserError: if it is not.
    """
    try:
        return path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise UserError(f'{path} is not UTF-8 text ({error.reason}); download it again') from error


def rows(path: Path) -> Iterator[tuple[int, str]]:
    """The number, from 1, and the text of each line that is not blank."""
    for number, line in enumerate(read_text(path).split('\n'), 1):
        if line.strip():
            yield number, line.strip()


def label_of(name: str, labels: dict[str, int], path: Path, line: int) -> int:
    """The label of the class named in a line of a file.

    Raises:
        UserError: if there is no such class.
    """
    if name not in labels:
        raise malformed(path, line, f'no class is named "{name}"')
    return labels[name]
