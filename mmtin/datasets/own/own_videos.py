"""Read one's own videos from any of the known layouts."""

import logging
from dataclasses import dataclass
from pathlib import Path

from mmengine.logging import print_log

from mmtin.datasets.annotations import LabelledClip
from mmtin.datasets.own.checking import Track, require_videos
from mmtin.datasets.own.dividing import divide
from mmtin.datasets.own.folders import class_folders, labelled_clips
from mmtin.datasets.own.labelled_lists import read_lists
from mmtin.errors import UserError


@dataclass(frozen=True)
class OwnVideos:
    """Labelled videos, divided into training and validation set.

    Args:
        classes: names in label order.
        media: the folder that paths start from.
        train: clips to train on.
        val: clips to validate on.
    """

    classes: tuple[str, ...]
    media: Path
    train: list[LabelledClip]
    val: list[LabelledClip]


def read_own_videos(
    data: Path,
    val_data: Path | None = None,
    media: Path | None = None,
    val_share: float = 0.2,
    seed: int = 0,
    track: Track = lambda faults, total: faults,
) -> OwnVideos:
    """Read videos and their classes, and divide them unless their folders or lists do.

    Args:
        data: a folder with a folder for each class; one with such folders in ``train`` and ``val``; one
            with the lists ``train.txt`` and ``val.txt``; or a list, see :func:`read_lists`.
        val_data: a list to validate on, if ``data`` is a list.
        media: the folder that paths in lists start from; None is ``media`` beside the list, or its folder.
        val_share: of the videos of each class, to validate on.
        seed: of the division.
        track: wraps the iterator over the files while each is opened, to show progress.

    Raises:
        UserError: if there are too few classes or videos, or a file is no video; says what to do.
    """
    if not data.exists():
        raise UserError(
            f'no folder or list at {data}; give a folder with a folder of videos for each class'
        )
    for path in (val_data, media):
        if path is not None and not path.exists():
            raise UserError(f'nothing at {path}; check the path')
    if data.is_dir():
        if (data / 'train.txt').is_file() and (data / 'val.txt').is_file():
            if val_data is not None:
                raise UserError(
                    f'the folder {data} has its videos to validate on in val.txt; leave val_data out, or '
                    f'give data={data / "train.txt"}'
                )
            return _read(data / 'train.txt', data / 'val.txt', media, val_share, seed, track)
        if val_data is not None:
            raise UserError(
                f'val_data goes with a list, and {data} is a folder; put the videos to train and to '
                f'validate on into {data}/train and {data}/val, each with a folder for each class'
            )
    return _read(data, val_data, media, val_share, seed, track)


def _read(
    data: Path, val_data: Path | None, media: Path | None, val_share: float, seed: int, track: Track
) -> OwnVideos:
    if data.is_file():
        beside = data.with_name('media')
        media = media or (beside if beside.is_dir() else data.parent)
        classes, lists = read_lists(*(path for path in (data, val_data) if path is not None))
    else:
        media = data
        if (data / 'train').is_dir() and (data / 'val').is_dir():
            classes = class_folders(data / 'train')
            if class_folders(data / 'val') != classes:
                raise UserError(
                    f'{data}/train and {data}/val have other classes; give both the same folders'
                )
            lists = [labelled_clips(data, classes, part) for part in ('train', 'val')]
        else:
            classes = class_folders(data)
            lists = [labelled_clips(data, classes)]
    if len(classes) < 2:
        raise UserError(
            f'{data} has one class alone, {classes[0]!r}; a second one is needed to tell it from, such as '
            'a folder with videos of anything else'
        )
    clips = [clip for part in lists for clip in part]
    tabbed = next((clip.path for clip in clips if '\t' in clip.path or '\n' in clip.path), None)
    if tabbed is not None:
        raise UserError(
            f'the name {tabbed!r} has a TAB or a line break in it, which no list can hold; rename it'
        )
    require_videos(media, sorted({clip.path for clip in clips}), track)
    train, val = lists if len(lists) == 2 else divide(clips, classes, val_share, seed)
    _warn_of_classes(classes, train, val)
    return OwnVideos(classes, media, train, val)


def _warn_of_classes(classes: tuple[str, ...], train: list[LabelledClip], val: list[LabelledClip]) -> None:
    for name, clips in (('train', train), ('validate', val)):
        seen = {label for clip in clips for label in clip.labels}
        unseen = [classes[label] for label in range(len(classes)) if label not in seen]
        if unseen:
            text = f'no video to {name} on shows {", ".join(unseen)}; add some, or divide them otherwise.'
            print_log(text, 'current', logging.WARNING)
    both = {clip.path for clip in train} & {clip.path for clip in val}
    if both:
        text = f'{len(both)} videos, such as {min(both)}, are trained on and validated on: that flatters.'
        print_log(text, 'current', logging.WARNING)
