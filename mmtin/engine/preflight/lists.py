"""Check the lists of clips and their labels."""

import os.path
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmaction.datasets import RawframeDataset, VideoDataset
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

from mmtin.config import LOADERS
from mmtin.datasets.clips import (
    RawframeClipDataset,
    VideoClipDataset,
    numbers_behind_paths,
    require_data,
)
from mmtin.datasets.list_files import ListedClip, read_class_list, read_labelled_clips
from mmtin.engine.preflight.loaders import datasets_of
from mmtin.errors import UserError

# The known ways to read a list; a dataset of another package may have other lines.
_READERS = [
    kind.load_data_list for kind in (VideoDataset, RawframeDataset, VideoClipDataset, RawframeClipDataset)
]


def check_training_lists(cfg: Config) -> None:
    """Check the lists that a training and its validation read, see :func:`check_list`."""
    _check(cfg, ('train_dataloader', 'val_dataloader'))


def check_test_lists(cfg: Config) -> None:
    """Check the lists that a test reads, see :func:`check_list`."""
    _check(cfg, ('test_dataloader',))


def follow_labels(cfg: Config, written: Config) -> None:
    """Set the head's number of classes to that of ``labels.txt`` beside a list, in place, and log it.

    A number that an option sets stays as it is; :func:`check_list` refuses it if it differs.

    Args:
        cfg: with the options.
        written: the config as its file has it.
    """
    num_classes = _num_classes(cfg)
    if num_classes is None or num_classes != _num_classes(written):
        return
    for dataset in _lists(cfg, LOADERS):
        names = _names_beside(_path(dataset))
        if names and len(names) != num_classes:
            cfg.model.cls_head.num_classes = len(names)
            for each in _lists(cfg, LOADERS):
                if each.get('num_classes') == num_classes:
                    each['num_classes'] = len(names)
            print_log(
                f'model.cls_head.num_classes: {num_classes} -> {len(names)}, the classes that labels.txt '
                f'beside {_path(dataset)} names.',
                'current',
            )
            return


def check_list(dataset: dict, num_classes: int, *, labelled: bool = True) -> None:
    """Check the lines and labels of a list of clips.

    Args:
        dataset: its config.
        num_classes: of the network.
        labelled: whether every clip needs a label; of a test set that is to be submitted, none has one.

    Raises:
        UserError: if the list or its folder is missing, a line is malformed or has a label that the network
            lacks, or ``labels.txt`` beside it has another number of classes.
    """
    path = _path(dataset)
    require_data(path, *(_under(dataset, folder) for folder in (dataset.get('data_prefix') or {}).values()))
    names = _names_beside(path)
    if names and len(names) != num_classes:
        raise UserError(
            f'labels.txt beside {path} names {len(names)} classes, but model.cls_head.num_classes='
            f'{num_classes}; set that to {len(names)}, or mend the file'
        )
    for number, labels in _labels(dataset, path):
        if not labels and labelled:
            raise UserError(
                f'{path}, line {number}: no label; put one from 0 to {num_classes - 1} behind it'
            )
        for label in labels:
            if not 0 <= label < num_classes:
                raise UserError(
                    f'{path}, line {number}: label {label}, but model.cls_head.num_classes={num_classes} '
                    f'has 0 to {num_classes - 1}; mend the list or set num_classes'
                )


def _check(cfg: Config, loaders: tuple[str, ...]) -> None:
    num_classes = _num_classes(cfg)
    if num_classes is None:
        return
    for dataset in _lists(cfg, loaders):
        check_list(dataset, num_classes, labelled=loaders != ('test_dataloader',))


def _num_classes(cfg: Config) -> int | None:
    return (cfg.get('model', {}).get('cls_head') or {}).get('num_classes')


def _lists(cfg: Config, loaders: Sequence[str]) -> list[dict]:
    """The datasets of data loaders that are lists of clips."""
    init_default_scope(cfg.get('default_scope') or 'mmaction')
    datasets = [dataset for name in loaders for dataset in datasets_of(cfg.get(name))]
    return [dataset for dataset in datasets if _is_list_of_clips(dataset)]


def _names_beside(path: str) -> list[str]:
    names = Path(path).with_name('labels.txt')
    return read_class_list(names) if names.is_file() else []


def _is_list_of_clips(dataset: dict) -> bool:
    """Whether this is a list of videos or folders of frames on a disk, which alone can be checked."""
    path = dataset['ann_file']
    local = bool(path) and not re.match(r'\w{2,}:', str(path))
    return local and _reader(_kind(dataset)) in _READERS


def _kind(dataset: dict) -> type:
    kind = dataset.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    return kind if isinstance(kind, type) else object


def _reader(kind: type) -> object:
    return getattr(kind, 'load_data_list', None)


def _under(dataset: dict, path: str) -> str:
    return os.path.join(dataset.get('data_root') or '', path)


def _path(dataset: dict) -> str:
    return _under(dataset, dataset['ann_file'])


def _labels(dataset: dict, path: str) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The number of each line and the labels in it."""
    kind = _kind(dataset)
    frames = issubclass(kind, RawframeDataset)
    numbers = numbers_behind_paths(frames=frames, with_offset=bool(frames and dataset.get('with_offset')))
    several = bool(dataset.get('multi_class'))
    clips = read_labelled_clips(path, dataset.get('delimiter'), numbers, several)
    if _reader(kind) is VideoDataset.load_data_list:
        _set_delimiter(dataset, path, clips)
    for clip in clips:
        yield clip.number, (clip.numbers or ())[len(numbers) - 1 :]


def _set_delimiter(dataset: dict, path: str, clips: Sequence[ListedClip]) -> None:
    """Set the delimiter of the list in the config, which MMAction2's own dataset follows."""
    stated = dataset.get('delimiter', ' ')
    for delimiter in (stated, '\t', ',', ' '):
        if all(_divides(delimiter, clip) for clip in clips):
            if delimiter != stated:
                dataset['delimiter'] = delimiter
                print_log(
                    f'delimiter: {stated!r} -> {delimiter!r}, what divides the lines of {path}.', 'current'
                )
            return
    clip = next(clip for clip in clips if not _divides(' ', clip))
    raise UserError(
        f"{path}, line {clip.number}: MMAction2's VideoDataset divides a line at each blank and "
        f"cannot read {clip.line!r}; set type='mmtin.VideoClipDataset' in the dataset, or put a TAB behind "
        'each path'
    )


def _divides(delimiter: str, clip: ListedClip) -> bool:
    path, *behind = clip.line.strip().split(delimiter)
    return (path, *map(str.strip, behind)) == (clip.path, *clip.behind)
