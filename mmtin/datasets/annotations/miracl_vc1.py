"""MIRACL-VC1, for lip reading: ten words, each said ten times by every speaker.

Its owner (Rekik, Ben-Hamadou, Mahdi, ICIAR 2014) ships no lists. Paths tell everything:
``<speaker>/words/<word>/<take>/color_NNN.jpg`` with words and takes from 01 to 10. Frame numbers have gaps.
The same layout with frames cropped to the lips is read, too; depth images, phrases and calibration are
ignored.

The clips are divided by speaker: with a speaker in both parts, appearance would tell much of the label.
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

# Of the clips with two words, in frames, both ends included.
LEAD = (0, 12)  # before the first word and after the second one
PAUSE = (2, 12)  # between the words


class Take(NamedTuple):
    """One word said once: ``word`` and ``take`` count from 1."""

    speaker: str
    word: int
    take: int
    frames: list[Path]


def read_words(folder: Path) -> Annotations:
    """One word per clip; a clip is named like ``F01_03_07``: speaker, word, take.

    Raises:
        UserError: if the folder has another layout, or lacks the speakers to train on or to validate on.
    """
    splits = _splits(folder, ((take.speaker, _name(take), take.word - 1) for take in _takes(folder)))
    return Annotations(WORDS, "the owner's, that of the folders 01 to 10", splits)


def word_frames(folder: Path) -> dict[str, list[Path]]:
    """The frames in order of each clip of :func:`read_words`, by its name."""
    return {_name(take): take.frames for take in _takes(folder)}


def read_order(folder: Path) -> Annotations:
    """Two words per clip, in either order, which is the class; see :func:`order_frames`.

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
    """The frames in order of each clip of :func:`read_order`, by its name, such as ``F01_03_07_04_02``.

    Both orders of two takes have the same frames. The lips rest before, between and after the words: the
    last or first frame of a word is held, for times that differ from clip to clip. So neither the place of
    a word nor the length of a clip tells the order.
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
    """Each take of an odd word with one of the even word that follows it, in both orders."""
    takes = {take[:3]: take for take in _takes(folder)}
    for (speaker, word, number), take in takes.items():
        # Not the take recorded next to it, in which the pose is the same.
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
