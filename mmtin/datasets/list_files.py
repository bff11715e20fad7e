"""The two kinds of lists beside a data set: names of its classes, and its clips with their labels."""

import re
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config
from mmengine.fileio import list_from_file

from mmtin.errors import UserError


def read_class_list(path: str | Path, num_classes: int | None = None) -> list[str]:
    """Names of classes, a line each, in label order. Blank lines count at the end of the file alone.

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
    """The names of the classes of a config in label order, None if it does not tell.

    Those that it has itself, as ``metainfo=dict(classes=...)`` of the test set, else those in
    ``labels.txt`` beside the test list.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    if classes := (dataset.get('metainfo') or {}).get('classes'):
        return list(classes)
    path = Path(dataset['ann_file']).with_name('labels.txt') if dataset.get('ann_file') else None
    return read_class_list(path) if path and path.is_file() else None


class ListedClip(NamedTuple):
    """A line of a list of clips, and what it says.

    ``numbers`` stand behind the path: how many frames it has, if it is a folder, and its labels. They are
    None if something else stands there.
    """

    line: str
    path: str
    numbers: tuple[int, ...] | None


def read_clip_list(
    path: str | Path, frames: bool = False, delimiter: str | None = None
) -> list[ListedClip]:
    """The clips of a list, as MMAction2's VideoDataset or RawframeDataset reads it.

    A path ends at the first delimiter, else before the whole numbers at the end of its line.

    Args:
        path: of the list.
        frames: whether the clips are folders of frames. Their paths hold no blanks.
        delimiter: of the data set; None takes a TAB for one in a line that has it.

    Raises:
        UserError: if there is no list, it is empty or a line is malformed.
    """
    if not Path(path).is_file():
        raise UserError(f'no list at {path}; check the path, or let tools/prepare_data.py write it')
    lines = list_from_file(path)
    if not lines:
        raise UserError(f'the list {path} is empty; it needs one line a clip')
    clips = [_parsed(line, delimiter) for line in lines]
    for number, clip in enumerate(clips, 1):
        counted = clip.numbers and clip.numbers[0] >= 0 and len(clip.path.split()) == 1
        if not clip.path or (frames and not counted):
            expected = 'folder number_of_frames label...' if frames else 'path label...'
            raise malformed_line(path, number, clip, expected)
    return clips


def malformed_line(path: str | Path, number: int, clip: ListedClip, expected: str) -> UserError:
    """The error for line ``number``, from 1, of a list of clips."""
    return UserError(
        f'{path}, line {number}: expected "{expected}", got {clip.line!r}; '
        "paths with blanks need a TAB behind them and delimiter='\\t' in the dataset"
    )


def _parsed(line: str, delimiter: str | None) -> ListedClip:
    text = line.strip()
    if delimiter is not None:
        path, *rest = text.split(delimiter)
    elif '\t' in text:
        path, _, end = text.partition('\t')
        rest = end.split()
    else:
        path = re.sub(r'(\s+-?\d+)*$', '', text)
        rest = text.removeprefix(path).split()
    whole = all(re.fullmatch(r'-?\d+', number) for number in rest)
    return ListedClip(line, path, tuple(map(int, rest)) if whole else None)
