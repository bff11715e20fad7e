"""Videos in a folder for each class."""

from collections.abc import Iterator
from pathlib import Path

from mmtin.datasets.annotations import LabelledClip
from mmtin.datasets.video.suffixes import SUFFIXES
from mmtin.errors import UserError

# Files that file managers leave. Hidden files are skipped, too.
_LITTER = {'thumbs.db', 'desktop.ini', '__macosx'}


def class_folders(root: Path) -> tuple[str, ...]:
    """The names of the classes, sorted: those of the folders in ``root``.

    Raises:
        UserError: if it has no folder, videos beside them, or two names that differ in case alone.
    """
    entries = list(_entries(root))
    names = [entry.name for entry in entries if entry.is_dir()]
    loose = next((entry for entry in entries if _is_video(entry)), None)
    example = f'{root}/NAME_OF_THE_CLASS/{loose.name if loose else "video.mp4"}'
    if loose is not None:
        raise UserError(
            f'{loose} lies in no folder of a class; give each class a folder of its own: {example}'
        )
    if not names:
        raise UserError(f'no videos in {root}; give each class a folder with its videos: {example}')
    spellings: dict[str, str] = {}
    for name in names:
        other = spellings.setdefault(name.casefold(), name)
        if other != name:
            raise UserError(
                f'{root} has the folders {other} and {name}, one class by two names; put their videos '
                'into one folder, or give it another name'
            )
    return tuple(names)


def labelled_clips(root: Path, classes: tuple[str, ...], below: str = '') -> list[LabelledClip]:
    """The videos of each class, in the order of labels and names; paths start from ``root``.

    Args:
        root: the folder that paths start from.
        classes: names of the folders of the classes, in label order.
        below: the folder in ``root`` that holds those folders.

    Raises:
        UserError: if a class has no video, or its folder holds something else.
    """
    clips = []
    for label, name in enumerate(classes):
        folder = root / below / name
        videos = [_require_video(entry, folder) for entry in _entries(folder)] if folder.is_dir() else []
        if not videos:
            raise UserError(f'no video in {folder}; put the videos of the class there or remove the folder')
        clips += [LabelledClip(video.relative_to(root).as_posix(), (label,)) for video in videos]
    return clips


def _entries(folder: Path) -> Iterator[Path]:
    """The entries of a folder, sorted by name, without hidden files."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not entry.name.startswith('.') and entry.name.lower() not in _LITTER:
            yield entry


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _require_video(entry: Path, folder: Path) -> Path:
    if entry.is_dir():
        raise UserError(
            f'{entry} is a folder in the folder of a class; put its videos into {folder} itself, or give a '
            'list of videos'
        )
    if not _is_video(entry):
        raise UserError(
            f'{entry} is no video by its name ({", ".join(sorted(SUFFIXES))}); move it out of the folder'
        )
    return entry
