"""The lists of clips and their labels."""

import os.path
import re
from collections.abc import Iterator
from pathlib import Path

from mmaction.datasets import RawframeDataset, VideoDataset
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmtin.datasets.clips import require_data
from mmtin.engine.preflight.loaders import datasets_of
from mmtin.errors import UserError


def check_training_lists(cfg: Config) -> None:
    """Check the lists that a training and its validation read, see :func:`check_list`."""
    _check(cfg, ('train_dataloader', 'val_dataloader'))


def check_test_lists(cfg: Config) -> None:
    """Check the lists that a test reads, see :func:`check_list`."""
    _check(cfg, ('test_dataloader',))


def check_list(dataset: dict, num_classes: int, *, labelled: bool = True) -> None:
    """Check the labels of a list of clips.

    Args:
        dataset: its config.
        num_classes: of the network.
        labelled: whether every clip needs a label; of a test set that is to be submitted, none has one.

    Raises:
        UserError: if the list or its folder is not there, names a label that the network lacks, or stands
            beside a ``labels.txt`` with another number of classes.
    """
    path = _path(dataset)
    require_data(path, *(_under(dataset, folder) for folder in (dataset.get('data_prefix') or {}).values()))
    names = Path(path).with_name('labels.txt')
    if names.is_file():
        count = len(names.read_text(encoding='utf-8').splitlines())
        if count != num_classes:
            raise UserError(
                f'{names} names {count} classes, but model.cls_head.num_classes={num_classes}; set '
                f'--cfg-options model.cls_head.num_classes={count}, or mend the file'
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
    num_classes = (cfg.get('model', {}).get('cls_head') or {}).get('num_classes')
    if num_classes is None:
        return
    init_default_scope(cfg.get('default_scope') or 'mmaction')
    checked = []
    for name in loaders:
        for dataset in datasets_of(cfg.get(name)):
            if _is_list_of_clips(dataset) and dataset not in checked:
                check_list(dataset, num_classes, labelled=name != 'test_dataloader')
                checked.append(dataset)


def _is_list_of_clips(dataset: dict) -> bool:
    """Whether this is a list of videos or folders of frames on a disk; of others we know nothing."""
    kind = dataset.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    local = not re.match(r'\w{2,}:', str(dataset['ann_file']))
    return local and isinstance(kind, type) and issubclass(kind, VideoDataset | RawframeDataset)


def _under(dataset: dict, path: str) -> str:
    return os.path.join(dataset.get('data_root') or '', path)


def _path(dataset: dict) -> str:
    return _under(dataset, dataset['ann_file'])


def _labels(dataset: dict, path: str) -> Iterator[tuple[int, list[int]]]:
    """The number of each line and the labels in it; lines that do not fit are for the dataset to refuse."""
    kind = dataset['type']
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    frames = issubclass(kind, RawframeDataset)
    before = 1 + frames + bool(frames and dataset.get('with_offset'))
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            columns = line.strip().split(dataset.get('delimiter', None if frames else ' '))[before:]
            if all(re.fullmatch(r'-?\d+', column) for column in columns):
                yield number, list(map(int, columns))
