"""UCF101 and HMDB51, each with three splits into a training set and a test set.

They have no validation set; as usual with these two, the test set is also used for validation.
"""

from collections.abc import Iterator
from pathlib import Path

from mmtin.datasets.annotations.common import (
    Annotations,
    LabelledClip,
    label_of,
    malformed,
    owner_file,
    owner_files,
    rows,
)

_HMDB_SPLIT_OF_FLAG = {'0': None, '1': 'train', '2': 'val'}


def read_ucf101(folder: Path, split: int) -> Annotations:
    """Split ``split`` (1 to 3) of UCF101: ``classInd.txt``, ``trainlist0K.txt``, ``testlist0K.txt``.

    The first has ``number name`` per line, with numbers from 1; the others have ``Class/file.avi``,
    followed in the training list by the number.

    Raises:
        UserError: if a file is missing or a line malformed.
    """
    names_file = owner_file(folder, 'classInd.txt')
    labels = {}
    for line, row in rows(names_file):
        number, _, name = row.partition(' ')
        if number != str(len(labels) + 1) or not name or name in labels:
            raise malformed(names_file, line, f'expected "{len(labels) + 1} NameOfClass", got "{row}"')
        labels[name] = len(labels)
    return Annotations(
        tuple(labels),
        "the owner's, that of classInd.txt; it counts from 1 where labels count from 0",
        {
            'train': list(_ucf101_clips(owner_file(folder, f'trainlist0{split}.txt'), labels)),
            'val': list(_ucf101_clips(owner_file(folder, f'testlist0{split}.txt'), labels)),
        },
    )


def _ucf101_clips(path: Path, labels: dict[str, int]) -> Iterator[LabelledClip]:
    for line, row in rows(path):
        clip, _, number = row.partition(' ')
        label = label_of(clip.partition('/')[0], labels, path, line)
        if number and number != str(label + 1):
            raise malformed(path, line, f'the class of {clip} has the number {label + 1}, got {number}')
        yield LabelledClip(clip, (label,))


def read_hmdb51(folder: Path, split: int) -> Annotations:
    """Split ``split`` (1 to 3) of HMDB51: ``<class>_test_splitK.txt``, one file per class.

    Each has ``file.avi flag`` per line: 1 for training, 2 for testing, 0 for neither. A clip is the file
    ``<class>/file.avi``.

    Raises:
        UserError: if there is no such file or a line is malformed.
    """
    ending = f'_test_split{split}.txt'
    files = {path.name.removesuffix(ending): path for path in owner_files(folder, f'*{ending}')}
    classes = tuple(sorted(files))
    splits = {'train': [], 'val': []}
    for label, name in enumerate(classes):
        for line, row in rows(files[name]):
            file, _, flag = row.rpartition(' ')
            if not file or flag not in _HMDB_SPLIT_OF_FLAG:
                raise malformed(files[name], line, f'expected "file.avi flag", flag 0, 1 or 2, got "{row}"')
            if chosen := _HMDB_SPLIT_OF_FLAG[flag]:
                splits[chosen].append(LabelledClip(f'{name}/{file.strip()}', (label,)))
    return Annotations(classes, 'that of the sorted names, as the owner numbers none', splits)
