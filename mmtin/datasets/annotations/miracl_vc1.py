"""MIRACL-VC1: ten words, each said ten times by every speaker, read from lips.

Its owner (Rekik, Ben-Hamadou, Mahdi, ICIAR 2014) ships no lists: the folders say it all,
``<speaker>/words/<word>/<take>/color_NNN.jpg`` with words and takes from 01 to 10. Frame numbers have gaps.
The same layout with each frame cropped to the lips is read alike; depth images, phrases and calibration
are left alone.

The clips are divided by speaker. With one speaker in both parts appearance gives most of it away.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmtin.datasets.annotations.common import Annotations, LabelledClip
from mmtin.errors import UserError

WORDS = (
    'Begin',
    'Choose',
    'Connection',
    'Navigation',
    'Next',
    'Previous',
    'Start',
    'Stop',
    'Hello',
    'Web',
)
VAL_SPEAKERS = ('F01', 'F06', 'F11', 'M02', 'M08')

# Of the clips with two words, in frames: both ends of the ranges occur.
LEAD = (0, 12)  # before the first word and behind the second one
PAUSE = (2, 12)  # between the words


class Take(NamedTuple):
    """One word said once: ``word`` and ``take`` count from 1."""

    speaker: str
    word: int
    take: int
    frames: list[Path]


def read_words(folder: Path) -> Annotations:
    """The words, a clip each, named like ``F01_03_07``.

    Raises:
        UserError: if the folder has another layout, or lacks the speakers to train on or to validate on.
    """
    splits = _splits(folder, ((take.speaker, _name(take), take.word - 1) for take in _takes(folder)))
    return Annotations(WORDS, "the owner's, that of the folders 01 to 10", splits)


def word_frames(folder: Path) -> dict[str, list[Path]]:
    """By the name of each clip of :func:`read_words` its frames in order."""
    return {_name(take): take.frames for take in _takes(folder)}


def read_order(folder: Path) -> Annotations:
    """Two words one after the other, in either order; see :func:`order_frames`.

    Raises:
        UserError: as :func:`read_words`.
    """
    classes = tuple(
        f'{WORDS[first]}, {WORDS[second]}'
        for pair in range(0, len(WORDS), 2)
        for first, second in ((pair, pair + 1), (pair + 1, pair))
    )
    # Words 1 and 2 make the classes 0 (1, 2) and 1 (2, 1), words 3 and 4 the classes 2 and 3, and so on.
    splits = _splits(
        folder, ((first.speaker, _name(first, second), first.word - 1) for first, second in _pairs(folder))
    )
    return Annotations(classes, "the owner's, that of the numbers of the words", splits)


def order_frames(folder: Path) -> dict[str, list[Path]]:
    """By the name of each clip of :func:`read_order`, such as ``F01_03_07_04_02``, its frames in order.

    Both orders of two takes have the same frames. Before, between and behind the words the lips rest: the
    last or first frame of a word is held, for times that differ from clip to clip. So neither where a word
    stands nor how long a clip is tells the order.
    """
    clips = {}
    for first, second in _pairs(folder):
        low, high = sorted((first, second))
        # By the two takes, whichever comes first.
        seed = [*low.speaker.encode(), low.word, low.take, high.take]
        rng = np.random.default_rng(seed)
        lead, tail = rng.integers(*LEAD, 2, endpoint=True)
        pause = int(rng.integers(*PAUSE, endpoint=True))
        if first is high:
            lead, tail = tail, lead
        clips[_name(first, second)] = [
            *first.frames[:1] * int(lead),
            *first.frames,
            *first.frames[-1:] * (pause // 2),
            *second.frames[:1] * (pause - pause // 2),
            *second.frames,
            *second.frames[-1:] * int(tail),
        ]
    return clips


def _takes(folder: Path) -> Iterator[Take]:
    for path in sorted(folder.glob('*/words/*/*')):
        speaker, _, word, take = path.relative_to(folder).parts
        if (
            not re.fullmatch(r'[FM]\d\d', speaker)
            or not re.fullmatch(r'(0\d|10)', word)
            or not path.is_dir()
        ):
            continue
        frames = [frame for frame in path.iterdir() if re.fullmatch(r'color_\d+\.jpg', frame.name)]
        yield Take(speaker, int(word), int(take), sorted(frames, key=_number))


def _number(frame: Path) -> int:
    return int(frame.stem.removeprefix('color_'))


def _pairs(folder: Path) -> Iterator[tuple[Take, Take]]:
    """Each take of an odd word with one of the even word behind it, in both orders."""
    takes = {take[:3]: take for take in _takes(folder)}
    for (speaker, word, number), take in takes.items():
        # Takes were recorded one after the other: not the neighbour, whose pose is the same.
        other = takes.get((speaker, word + 1, (number + 4) % 10 + 1))
        if word % 2 and other:
            yield take, other
            yield other, take


def _name(*takes: Take) -> str:
    return '_'.join([takes[0].speaker, *(f'{take.word:02}_{take.take:02}' for take in takes)])


def _splits(folder: Path, clips: Iterator[tuple[str, str, int]]) -> dict[str, list[LabelledClip]]:
    splits: dict[str, list[LabelledClip]] = {'train': [], 'val': []}
    for speaker, name, label in clips:
        splits['val' if speaker in VAL_SPEAKERS else 'train'].append(LabelledClip(name, (label,)))
    for split, whose in (('train', 'others than'), ('val', 'any of')):
        if not splits[split]:
            raise UserError(
                f'no clip of MIRACL-VC1 by {whose} {", ".join(VAL_SPEAKERS)} in {folder}: --media takes '
                'the folder with F01/words/01/01/color_001.jpg and its like, see data/README.md'
            )
    return splits
