"""Write a data set whole or not at all: videos, lists, names of the classes."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from mmtin.datasets.synthetic import easy, far, hard
from mmtin.datasets.synthetic.classes import CLASSES
from mmtin.datasets.synthetic.drawing import write_video
from mmtin.errors import UserError
from mmtin.files.strict_json import to_json
from mmtin.files.whole import whole_folder

# Raise it when the same seed gives other videos, so that older ones are not taken for them.
VERSION = 1

DIFFICULTIES = {'easy': easy.render_clip, 'hard': hard.render_clip, 'far': far.render_clip}
CLASSES_OF = {'easy': CLASSES, 'hard': CLASSES, 'far': far.CLASSES}


def write_clips(root: Path, num_clips: int, seed: int, difficulty: str = 'easy') -> Iterator[str]:
    """Write the clips, class by class in turn, and yield the line ``relative/path.mp4 label`` of each.

    A clip depends on the seed and its index alone, so the first clips of a larger set are the same.
    """
    classes = CLASSES_OF[difficulty]
    for index in range(num_clips):
        label = index % len(classes)
        path = Path('videos', classes[label].replace(' ', '_'), f'{index:05d}.mp4')
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_video(root / path, DIFFICULTIES[difficulty](label, np.random.default_rng([seed, index])))
        yield f'{path.as_posix()} {label}'


def write_dataset(
    root: Path,
    num_clips: int,
    num_val: int,
    seed: int,
    force: bool = False,
    track: Callable[[Iterator[str]], Iterable[str]] = iter,
    difficulty: str = 'easy',
) -> bool:
    """Make the data set in the folder ``root``, whole or not at all.

    ``train.txt`` and ``val.txt`` are lists for MMAction2's VideoDataset, ``labels.txt`` has the names of
    the classes, ``dataset.json`` the arguments.

    Args:
        root: the folder.
        num_clips: clips in all; a multiple of the number of classes, as is ``num_val``.
        num_val: how many of them, the last ones, are held out.
        seed: of everything random.
        force: replace what is in ``root``.
        track: wraps the iterator over the clips, to show progress.
        difficulty: one of DIFFICULTIES.

    Returns:
        False if this very data set was there already, and nothing was done.

    Raises:
        UserError: if ``root`` holds something else, or the classes would not be balanced.
    """
    classes = CLASSES_OF[difficulty]
    if num_clips % len(classes) or num_val % len(classes) or not 0 < num_val < num_clips:
        raise UserError(
            f'the clips in all and those held out must be multiples of {len(classes)}, the number of '
            f'classes, and some must be left to train on; got {num_clips} and {num_val}'
        )
    summary: dict[str, object] = {
        'version': VERSION,
        'num_clips': num_clips,
        'num_val': num_val,
        'seed': seed,
    }
    if difficulty != 'easy':
        summary['difficulty'] = difficulty
    summary_file = root / 'dataset.json'
    if not force and root.exists():
        if summary_file.is_file() and json.loads(summary_file.read_text()) == summary:
            return False
        if not root.is_dir() or any(root.iterdir()):
            raise UserError(f'{root} holds something else; choose another folder, or --force to replace it')

    with whole_folder(root) as folder:
        lines = list(track(write_clips(folder, num_clips, seed, difficulty)))
        _write_lines(folder / 'train.txt', lines[:-num_val])
        _write_lines(folder / 'val.txt', lines[-num_val:])
        _write_lines(folder / 'labels.txt', classes)
        _write_lines(folder / summary_file.name, [to_json(summary)])
    return True


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text(''.join(f'{line}\n' for line in lines))
