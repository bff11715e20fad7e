"""The lists of a division, written once and read by every later command."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mmtin.datasets.annotations import LabelledClip
from mmtin.datasets.list_files import read_class_list
from mmtin.datasets.own.own_videos import OwnVideos
from mmtin.errors import UserError
from mmtin.files.strict_json import to_json

_SOURCE = 'source.json'


@dataclass(frozen=True)
class Split:
    """A folder with ``train.txt``, ``val.txt`` (``path<TAB>label...``) and ``labels.txt``.

    Args:
        folder: where they are.
        classes: names in label order.
        media: the folder that paths start from.
        counts: for each class, the clips to train on.
        multi_label: whether a clip has several labels.
        num_train: clips to train on.
        num_val: clips to validate on.
        source: what it was made from, as given to ``write_split``.
    """

    folder: Path
    classes: tuple[str, ...]
    media: Path
    counts: tuple[int, ...]
    multi_label: bool
    num_train: int
    num_val: int
    source: dict


def list_texts(videos: OwnVideos) -> dict[str, list[str]]:
    """The lines of ``labels.txt``, ``train.txt`` and ``val.txt``."""
    return {
        'labels.txt': list(videos.classes),
        'train.txt': [_line(clip) for clip in videos.train],
        'val.txt': [_line(clip) for clip in videos.val],
    }


def write_split(folder: Path, videos: OwnVideos, source: dict) -> Split:
    """Write the lists into a new folder, all or none; a folder that is there already stays as it is.

    Of several processes that write the same lists, the first makes the folder and all use it.

    Args:
        folder: to be made.
        videos: to list.
        source: what the division was made from, returned by ``read_split``.

    Raises:
        UserError: if the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f'.{folder.name}-', dir=folder.parent) as scratch:
            new = Path(scratch, 'new')
            new.mkdir()
            for name, lines in list_texts(videos).items():
                _write(new / name, lines)
            _write(new / _SOURCE, [to_json(dict(source, media=str(videos.media.resolve())), indent=1)])
            _rename(new, folder)
    except OSError as error:
        raise UserError(
            f'cannot write {folder} ({error.strerror or error}); choose another --work-dir'
        ) from error
    return read_split(folder)


def read_split(folder: Path) -> Split:
    """Read what ``write_split`` wrote.

    Raises:
        UserError: if a file is missing or damaged.
    """
    try:
        classes = tuple(read_class_list(folder / 'labels.txt'))
        source = json.loads((folder / _SOURCE).read_text(encoding='utf-8'))
        media = Path(source.pop('media'))
        labels = {
            part: [
                [int(label) for label in line.split('\t')[1:]]
                for line in (folder / f'{part}.txt').read_text(encoding='utf-8').splitlines()
            ]
            for part in ('train', 'val')
        }
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f'{folder} is damaged ({error}); remove it, and the videos are divided anew'
        ) from error
    seen = Counter(label for line in labels['train'] for label in line)
    return Split(
        folder,
        classes,
        media,
        tuple(seen[label] for label in range(len(classes))),
        any(len(line) > 1 for lines in labels.values() for line in lines),
        len(labels['train']),
        len(labels['val']),
        source,
    )


def _rename(new: Path, folder: Path) -> None:
    try:
        new.rename(folder)
    except OSError:
        if not (folder / _SOURCE).is_file():
            raise


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text(''.join(f'{line}\n' for line in lines), encoding='utf-8')


def _line(clip: LabelledClip) -> str:
    return '\t'.join((clip.path, *map(str, clip.labels)))
