"""The two kinds of lists beside a data set: names of its classes, and its clips with their labels."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from mmtin.errors import UserError


def read_class_list(path: str | Path, num_classes: int | None = None) -> list[str]:
    """Names of classes, a line each, in label order. Blank lines are allowed at the end of the file alone.

    Args:
        path: of the list.
        num_classes: how many it must name.

    Raises:
        UserError: if there is no such file, it names another number of classes, or none.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f'no class names at {path}; check the path')
    names = path.read_text(encoding='utf-8-sig').rstrip().splitlines()
    if not names:
        raise UserError(f'the list {path} is empty; it needs the name of one class a line, in label order')
    names = [name.strip() for name in names]
    if '' in names:
        label = names.index('')
        raise UserError(
            f'{path}, line {label + 1} is blank, so that label {label} has no name; give one name a line'
        )
    if num_classes not in (None, len(names)):
        raise UserError(
            f'{path} names {len(names)} classes, the network has {num_classes}; '
            'give one name a line, in label order'
        )
    return names


def names_of_classes(cfg: Config) -> list[str] | None:
    """The names of the classes of a config in label order, None if they are not known.

    They are in ``metainfo=dict(classes=...)`` of the test set, else in ``labels.txt`` beside the test list.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    if classes := (dataset.get('metainfo') or {}).get('classes'):
        return list(classes)
    path = Path(dataset['ann_file']).with_name('labels.txt') if dataset.get('ann_file') else None
    return read_class_list(path) if path and path.is_file() else None


class ListedClip(NamedTuple):
    """A line of a list of clips, parsed.

    Args:
        line: its text.
        path: of the clip.
        behind: what stands after the path: the number of frames, if it is a folder, and the labels.
        number: of the line, from 1.
    """

    line: str
    path: str
    behind: tuple[str, ...]
    number: int

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """What stands after the path; None if that is not whole numbers alone."""
        whole = all(word.removeprefix('-').isdecimal() for word in self.behind)
        return tuple(map(int, self.behind)) if whole else None


def read_clip_list(
    path: str | Path, frames: bool = False, delimiter: str | None = None, expected: str | None = None
) -> list[ListedClip]:
    """The clips of a list, with any delimiter between a path and its labels, see :func:`parse_clips`.

    Args:
        path: of the list.
        frames: whether the clips are folders of frames. Their lines are divided by blanks, their paths
            hold none.
        delimiter: one that the list may have besides the usual ones.
        expected: a line as the error for a malformed one shows it.

    Raises:
        UserError: if there is no list, it is empty or a line is malformed.
    """
    clips = parse_clips(read_lines(path), None if frames else delimiter, ' ' if frames else '\t, ')
    expected = expected or ('folder number_of_frames label...' if frames else 'path label...')
    for clip in clips:
        counted = clip.numbers and clip.numbers[0] >= 0 and len(clip.path.split()) == 1
        if not clip.path or (frames and not counted):
            raise malformed_line(path, clip, expected)
    return clips


def read_lines(path: str | Path) -> list[tuple[int, str]]:
    """The lines of a list of clips with their numbers, from 1, without blank ones at its end.

    Raises:
        UserError: if there is no list, it is empty or no text.
    """
    if not Path(path).is_file():
        raise UserError(f'no list at {path}; check the path, or let tools/prepare_data.py write it')
    try:
        text = Path(path).read_text(encoding='utf-8-sig').rstrip()
    except UnicodeDecodeError as error:
        raise UserError(
            f'{path} is no list: it is not UTF-8 text; give one with "path label" per line'
        ) from error
    if not text:
        raise UserError(f'the list {path} is empty; it needs one line a clip')
    return list(enumerate(text.split('\n'), 1))


def parse_clips(
    lines: Sequence[tuple[int, str]],
    delimiter: str | None = None,
    usual: str = '\t, ',
    named: str = '\t',
) -> list[ListedClip]:
    """Read the lines of a list by the delimiter that fits them best.

    The best is the first one that is followed by whole numbers in every line, else the one with most such
    lines. With blanks, the numbers at the end of a line stand after the path, which may hold blanks itself.
    A line without any delimiter is a path.

    Args:
        lines: with their numbers.
        delimiter: to try first.
        usual: delimiters to try then.
        named: delimiters that names may follow, too. After any other, a name is part of the path.
    """
    marks = [mark for mark in dict.fromkeys((delimiter, *usual)) if mark]
    marks.sort(key=' '.__eq__)  # last, since blanks stand beside other delimiters
    read, fitting = {}, {}
    for mark in marks:
        read[mark] = [_parsed(number, line, mark) for number, line in lines]
        divided = [clip for clip in read[mark] if clip.path and clip.behind]
        numbered = sum(clip.numbers is not None for clip in divided)
        if numbered == len(lines):
            return read[mark]
        by_name = mark in named or mark == delimiter != ' '
        fitting[mark] = numbered, len(divided) if by_name else 0
    return read[max(marks, key=fitting.__getitem__)]


def read_labelled_clips(
    path: str | Path,
    delimiter: str | None = None,
    expected: Sequence[str] = ('label',),
    several: bool = False,
) -> list[ListedClip]:
    """What :func:`read_clip_list` reads, of a list whose lines are all alike: with labels, or all without.

    Args:
        path: of the list.
        delimiter: as for :func:`read_clip_list`.
        expected: the names of the numbers after a path, the label last; with several, clips are folders
            of frames.
        several: whether a clip may have several labels.

    Raises:
        UserError: if there is no list, or it is empty; names the first line that does not fit.
    """
    wanted, line = len(expected), ' '.join(('path', *expected))
    clips = read_clip_list(path, wanted > 1, delimiter, line)
    labelled = any(len(clip.behind) >= wanted for clip in clips)
    for clip in clips:
        count = len(clip.behind)
        fits = count == (wanted if labelled else wanted - 1) or (several and labelled and count > wanted)
        if not fits or clip.numbers is None:
            raise malformed_line(path, clip, line)
    return clips


def malformed_line(path: str | Path, clip: ListedClip, expected: str) -> UserError:
    """The error for a line of a list of clips."""
    return UserError(
        f'{path}, line {clip.number}: expected "{expected}", got {clip.line!r}; repair the line: a TAB, a '
        'comma or blanks divide, the same in the whole list, and behind a path with blanks a TAB is best'
    )


def _parsed(number: int, line: str, mark: str) -> ListedClip:
    text = line.strip()
    if mark == ' ':
        path = re.sub(r'(\s+-?\d+)+$', '', text)
        behind = text.removeprefix(path).split()
    else:
        path, *behind = (part.strip() for part in text.split(mark))
    return ListedClip(line, path, tuple(behind), number)
