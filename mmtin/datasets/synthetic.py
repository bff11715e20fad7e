"""A small data set of real videos whose classes differ in the arrow of time.

A clip shows one polygon that moves, grows or turns over a faint, shaking texture, among small discs that
wander about and carry no label. Classes come in pairs, the second being the first played backwards. The
frames of a pair, taken one by one, so have the same distribution: a network that averages what it makes of
single frames can tell the pairs apart but must guess within them; one that sees their order can be right
every time.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from mmtin.errors import UserError

# To be raised when the same seed comes to mean other videos, so that older ones are not taken for them.
VERSION = 1

FRAME_SIZE = 64  # pixels; frames are square
NUM_FRAMES = 24
FPS = 12
MAX_JITTER = 2  # pixels
NUM_DISTRACTORS = 3
SUBPIXEL_BITS = 4  # cv2 draws at fixed-point coordinates with this many bits after the point

# What describes the object in a frame: lengths in widths of the frame, the angle in radians, clockwise.
QUANTITIES = ('x', 'y', 'radius', 'angle')


class Pair(NamedTuple):
    """Two classes: one quantity of the object changes, forwards and backwards in time.

    ``start`` and ``change`` are the ranges of its first value and of its last value minus its first.
    """

    forwards: str
    backwards: str
    quantity: str
    start: tuple[float, float]
    change: tuple[float, float]


# Less than one turn in a clip: between two of 8 sampled frames it must stay well below half a turn.
PAIRS = (
    Pair('moving left to right', 'moving right to left', 'x', (0.12, 0.24), (0.52, 0.64)),
    Pair('moving top to bottom', 'moving bottom to top', 'y', (0.12, 0.24), (0.52, 0.64)),
    Pair('growing', 'shrinking', 'radius', (0.07, 0.11), (0.22, 0.28)),
    Pair('turning clockwise', 'turning anticlockwise', 'angle', (0, 2 * np.pi), (np.pi, 1.6 * np.pi)),
)
CLASSES = tuple(name for pair in PAIRS for name in (pair.forwards, pair.backwards))

# Corners (x, y) at radius 1. Each shape hangs off its pivot, which shows its angle even in few pixels.
SHAPES = (
    [(1, 0), (-0.2, 0.45), (-0.2, -0.45)],  # wedge
    [(1, 0), (0.2, 0.5), (0.2, 0.2), (-0.3, 0.2), (-0.3, -0.2), (0.2, -0.2), (0.2, -0.5)],  # arrow
    [(-0.25, -0.25), (1, -0.25), (1, 0.5), (0.6, 0.5), (0.6, 0.15), (-0.25, 0.15)],  # letter L
)


def object_course(pair: Pair, rng: np.random.Generator) -> np.ndarray:
    """Draw what the object of ``pair`` does when played forwards: ``[T, 4]``, the QUANTITIES per frame."""
    start = np.array([*rng.uniform(0.42, 0.58, 2), rng.uniform(0.24, 0.3), rng.uniform(0, 2 * np.pi)])
    change = np.zeros(len(QUANTITIES))
    column = QUANTITIES.index(pair.quantity)
    start[column] = rng.uniform(*pair.start)
    change[column] = rng.uniform(*pair.change)
    begin, end = rng.uniform(0, 0.15), rng.uniform(0.85, 1)
    progress = np.clip((np.linspace(0, 1, NUM_FRAMES) - begin) / (end - begin), 0, 1)
    return start + progress[:, None] * change


def distractor_course(rng: np.random.Generator) -> np.ndarray:
    """Draw straight paths, each as likely as its reverse: centres ``[T, D, 2]`` in widths of the frame."""
    middle = rng.uniform(0, 1, (NUM_DISTRACTORS, 2))
    travel = rng.uniform(-0.6, 0.6, (NUM_DISTRACTORS, 2))
    return middle + np.linspace(-0.5, 0.5, NUM_FRAMES)[:, None, None] * travel


def draw_texture(rng: np.random.Generator) -> np.ndarray:
    """Draw a background, uint8 ``[H, W, 3]``, that is larger than a frame by the jitter on every side.

    It is faint: the few clips of a demo can be learned by heart from loud ones.
    """
    size = FRAME_SIZE + 2 * MAX_JITTER
    coarse = rng.uniform(50, 100) + rng.uniform(-20, 20, (8, 8, 3))
    return cv2.resize(coarse, (size, size)).astype(np.uint8)


def fixed_point(lengths: np.ndarray | float) -> np.ndarray:
    """Widths of the frame -> the fixed-point pixels that cv2 draws with."""
    return np.rint(np.asarray(lengths) * FRAME_SIZE * 2**SUBPIXEL_BITS).astype(np.int32)


def draw_discs(frame: np.ndarray, centres: np.ndarray, colours: np.ndarray) -> None:
    """Draw small discs at ``centres`` ``[D, 2]`` into ``frame`` ``[H, W, 3]``."""
    radius = int(fixed_point(0.03))
    for centre, colour in zip(fixed_point(centres).tolist(), colours.tolist(), strict=True):
        cv2.circle(frame, centre, radius, colour, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS)


def draw_object(
    frame: np.ndarray, shape: list[tuple[float, float]], state: np.ndarray, colour: np.ndarray
) -> None:
    """Draw ``shape`` as ``state``, its QUANTITIES, describes it into ``frame`` ``[H, W, 3]``."""
    x, y, radius, angle = state
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = fixed_point((x, y) + radius * np.array(shape) @ rotation)
    cv2.fillPoly(frame, [corners], colour.tolist(), cv2.LINE_AA, SUBPIXEL_BITS)


def render_clip(label: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a clip of class ``CLASSES[label]``: uint8 ``[T, H, W, 3]``, BGR."""
    pair_index, backwards = divmod(label, 2)
    states = object_course(PAIRS[pair_index], rng)
    shape = SHAPES[rng.integers(len(SHAPES))]
    colour = rng.integers(150, 256, 3)
    centres = distractor_course(rng)
    disc_colours = rng.integers(80, 180, (NUM_DISTRACTORS, 3))
    texture = draw_texture(rng)
    jitter = rng.integers(0, 2 * MAX_JITTER, (NUM_FRAMES, 2), endpoint=True)

    frames = np.empty((NUM_FRAMES, FRAME_SIZE, FRAME_SIZE, 3), np.uint8)
    for t, frame in enumerate(frames):
        top, left = jitter[t]
        frame[:] = texture[top : top + FRAME_SIZE, left : left + FRAME_SIZE]
        draw_discs(frame, centres[t], disc_colours)
        draw_object(frame, shape, states[t], colour)
    return frames[::-1] if backwards else frames


def write_video(path: Path, frames: np.ndarray) -> None:
    """Encode BGR ``frames``, uint8 ``[T, H, W, 3]``, as MPEG-4.

    Raises:
        UserError: if this OpenCV cannot encode it.
    """
    height, width = frames.shape[1:3]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), FPS, (width, height))
    if not writer.isOpened():
        raise UserError(
            f'OpenCV {cv2.__version__} cannot encode MPEG-4 to {path}; install it with pip, with FFmpeg'
        )
    for frame in frames:
        writer.write(frame)
    writer.release()


def write_clips(root: Path, num_clips: int, seed: int) -> Iterator[str]:
    """Write the clips, classes taking turns, and yield of each its line ``relative/path.mp4 label``.

    A clip depends on the seed and its own index alone, so more clips leave the first ones as they are.
    """
    for index in range(num_clips):
        label = index % len(CLASSES)
        path = Path('videos', CLASSES[label].replace(' ', '_'), f'{index:05d}.mp4')
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_video(root / path, render_clip(label, np.random.default_rng([seed, index])))
        yield f'{path.as_posix()} {label}'


def write_dataset(
    root: Path,
    num_clips: int,
    num_val: int,
    seed: int,
    force: bool = False,
    track: Callable[[Iterator[str]], Iterable[str]] = iter,
) -> bool:
    """Make the data set in the folder ``root``, whole or not at all.

    ``train.txt`` and ``val.txt`` are lists for MMAction2's VideoDataset, ``labels.txt`` has the names of
    the classes, ``dataset.json`` says what was asked for.

    Args:
        root: the folder.
        num_clips: clips in all; a multiple of the number of classes, as is ``num_val``.
        num_val: how many of them, the last ones, are held out.
        seed: of everything random.
        force: replace what is in ``root``.
        track: wraps the iterator over the clips, to show progress.

    Returns:
        False if this very data set was there already, and nothing was done.

    Raises:
        UserError: if ``root`` holds something else, or the classes would not be balanced.
    """
    if num_clips % len(CLASSES) or num_val % len(CLASSES) or not 0 < num_val < num_clips:
        raise UserError(
            f'the clips in all and those held out must be multiples of {len(CLASSES)}, the number of '
            f'classes, and some must be left to train on; got {num_clips} and {num_val}'
        )
    summary = {'version': VERSION, 'num_clips': num_clips, 'num_val': num_val, 'seed': seed}
    summary_file = root / 'dataset.json'
    if not force and root.exists():
        if summary_file.is_file() and json.loads(summary_file.read_text()) == summary:
            return False
        if not root.is_dir() or any(root.iterdir()):
            raise UserError(f'{root} holds something else; choose another folder, or --force to replace it')

    with _replacing(root) as folder:
        lines = list(track(write_clips(folder, num_clips, seed)))
        _write_lines(folder / 'train.txt', lines[:-num_val])
        _write_lines(folder / 'val.txt', lines[-num_val:])
        _write_lines(folder / 'labels.txt', CLASSES)
        _write_lines(folder / summary_file.name, [json.dumps(summary)])
    return True


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text(''.join(f'{line}\n' for line in lines))


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``path`` if the block succeeds, else is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{path.name}-', dir=path.parent) as scratch:
        folder = Path(scratch, 'new')
        folder.mkdir()
        yield folder
        if path.exists():
            path.rename(Path(scratch, 'old'))
        folder.rename(path)
