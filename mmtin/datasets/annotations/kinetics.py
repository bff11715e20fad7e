"""Kinetics-400 and Kinetics-600."""

import csv
from collections.abc import Iterator
from pathlib import Path

from mmtin.datasets.annotations.common import Annotations, LabelledClip, malformed, owner_files, read_text

_COLUMNS = ('youtube_id', 'time_start', 'time_end')


def read(folder: Path) -> Annotations:
    """Read every ``*.csv``, with a header and ``label,youtube_id,time_start,time_end,split`` per line.

    Without a column ``split``, the name of the file must say train, val or test. A test set may lack the
    labels. A clip is the file ``<label>/<youtube_id>_<start>_<end>.mp4``, with seconds in six digits;
    downloads of the CVD Foundation have ``<split>`` in place of ``<label>``, others have both.

    Raises:
        UserError: if there is no csv file or a line is malformed.
    """
    entries = [entry for path in owner_files(folder, '*.csv') for entry in _entries(path)]
    classes = tuple(sorted({name for _, name, _ in entries if name}))
    labels = {name: label for label, name in enumerate(classes)}
    splits = {}
    # Some distributions also have one file with the clips of all splits.
    for split, name, file in dict.fromkeys(entries):
        if name:
            clip = LabelledClip(
                f'{name}/{file}', (labels[name],), (f'{split}/{file}', f'{split}/{name}/{file}')
            )
        else:
            clip = LabelledClip(f'{split}/{file}', alternatives=(file,))
        splits.setdefault(split, []).append(clip)
    ordered = {split: splits[split] for split in ('train', 'val', 'test') if split in splits}
    return Annotations(classes, 'that of the sorted names, as the owner numbers none', ordered)


def _entries(path: Path) -> Iterator[tuple[str, str, str]]:
    """Split, name of the class (empty where it is kept back) and file of each clip."""
    reader = csv.DictReader(read_text(path).splitlines())
    if not set(_COLUMNS) <= set(reader.fieldnames or ()):
        raise malformed(path, 1, f'expected a header with the columns {", ".join(_COLUMNS)}')
    for row in reader:
        line = reader.line_num
        split = _split_named_in(row.get('split', path.stem))
        if split is None:
            raise malformed(path, line, 'neither column split nor file name says train, val or test')
        name = row.get('label') or ''
        if not name and split != 'test':
            raise malformed(path, line, 'no label')
        try:
            start, end = int(row['time_start']), int(row['time_end'])
        except (TypeError, ValueError) as error:
            raise malformed(path, line, 'expected whole seconds in time_start and time_end') from error
        yield split, name, f'{row["youtube_id"]}_{start:06d}_{end:06d}.mp4'


def _split_named_in(text: str | None) -> str | None:
    return next((split for split in ('train', 'val', 'test') if split in (text or '').lower()), None)
