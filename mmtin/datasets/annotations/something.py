"""Something-Something V1 and V2, and Jester, of Twenty Billion Neurons, now Qualcomm."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from mmtin.datasets.annotations.common import (
    Annotations,
    LabelledClip,
    label_of,
    malformed,
    owner_file,
    read_text,
    rows,
)

# The owner's names of the splits.
_SPLITS = {'train': 'train', 'val': 'validation', 'test': 'test'}


def read_frames(folder: Path) -> Annotations:
    """Something-Something V1 or Jester.

    ``*labels.csv`` has a class per line, ``*train.csv`` and ``*validation.csv`` have ``id;class`` per line,
    and ``*test.csv``, which may be absent, ``id``. A clip is the folder of frames named by its id.

    Raises:
        UserError: if a file is missing or a line malformed.
    """
    names_file = owner_file(folder, '*labels.csv')
    labels = {}
    for line, name in rows(names_file):
        if name in labels:
            raise malformed(names_file, line, f'the class "{name}" is listed twice')
        labels[name] = len(labels)
    splits = {
        split: list(_clips_of_csv(path, labels, labelled=split != 'test'))
        for split, path in _split_files(folder, 'csv')
    }
    return Annotations(tuple(labels), f"the owner's, that of {names_file.name}", splits)


def read_videos(folder: Path) -> Annotations:
    """Something-Something V2.

    ``*labels.json`` maps names of classes to labels. ``*train.json``, ``*validation.json`` and
    ``*test.json``, which may be absent, are lists of objects with ``id`` and, except in the last,
    ``template``, the name of the class with placeholders in brackets. A clip is the file ``<id>.webm``.

    Raises:
        UserError: if a file is missing or a line malformed.
    """
    names_file = owner_file(folder, '*labels.json')
    labels = _read_labels(names_file)
    splits = {
        split: list(_clips_of_json(path, labels, labelled=split != 'test'))
        for split, path in _split_files(folder, 'json')
    }
    classes = tuple(sorted(labels, key=labels.__getitem__))
    return Annotations(classes, f"the owner's, that of the numbers in {names_file.name}", splits)


def _split_files(folder: Path, suffix: str) -> Iterator[tuple[str, Path]]:
    for split, owners_name in _SPLITS.items():
        pattern = f'*{owners_name}.{suffix}'
        if split != 'test' or any(folder.glob(pattern)):
            yield split, owner_file(folder, pattern)


def _clips_of_csv(path: Path, labels: dict[str, int], labelled: bool) -> Iterator[LabelledClip]:
    for line, row in rows(path):
        clip_id, separator, name = row.partition(';')
        if not re.fullmatch(r'\S+', clip_id) or bool(separator) != labelled:
            expected = 'id;class' if labelled else 'id'
            raise malformed(path, line, f'expected "{expected}", got "{row}"')
        yield LabelledClip(clip_id, (label_of(name, labels, path, line),) if labelled else ())


def _clips_of_json(path: Path, labels: dict[str, int], labelled: bool) -> Iterator[LabelledClip]:
    for line, entry in _json_entries(path):
        keys = ('id', 'template') if labelled else ('id',)
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in keys):
            raise malformed(path, line, f'expected an object with the texts {" and ".join(keys)}')
        name = re.sub(r'[\[\]]', '', entry.get('template', ''))
        yield LabelledClip(f'{entry["id"]}.webm', (label_of(name, labels, path, line),) if labelled else ())


def _json_entries(path: Path) -> Iterator[tuple[int, object]]:
    """The line at which each entry of a list in JSON begins, and the entry."""
    text, decoder = read_text(path), json.JSONDecoder()
    between = re.compile(r'[\s,\[]*')
    line, counted, position = 1, 0, between.match(text).end()
    while position < len(text) and text[position] != ']':
        line += text.count('\n', counted, position)
        counted = position
        try:
            entry, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise malformed(path, error.lineno, f'not JSON ({error.msg})') from error
        yield line, entry
        position = between.match(text, end).end()
    if position == len(text):
        raise malformed(path, text.count('\n') + 1, 'the list in JSON is cut off')


def _read_labels(path: Path) -> dict[str, int]:
    text = read_text(path)
    try:
        labels = {name: int(label) for name, label in dict(json.loads(text)).items()}
    except json.JSONDecodeError as error:
        raise malformed(path, error.lineno, f'not JSON ({error.msg})') from error
    except (TypeError, ValueError) as error:
        raise malformed(path, 1, f'expected an object from names to numbers ({error})') from error
    seen = set()
    for name, label in labels.items():
        if label in seen or not 0 <= label < len(labels):
            line = text[: text.index(json.dumps(name))].count('\n') + 1
            raise malformed(path, line, f'expected each of 0 to {len(labels) - 1} once, got {label}')
        seen.add(label)
    return labels
