"""The demo's clips: all of one length, filled by one motion, over a faint texture."""

import numpy as np

from mmtin.datasets.synthetic.classes import PAIRS, QUANTITIES, Pair, SyntheticClip
from mmtin.datasets.synthetic.drawing import MAX_JITTER, SHAPES, Scene, draw_frames, draw_texture

NUM_FRAMES = 24
FPS = 12
NUM_DISTRACTORS = 3


def object_course(pair: Pair, rng: np.random.Generator) -> np.ndarray:
    """Draw the course of the object of ``pair``, forwards: ``[T, 4]``, the QUANTITIES per frame."""
    start = np.array([*rng.uniform(0.42, 0.58, 2), rng.uniform(0.24, 0.3), rng.uniform(0, 2 * np.pi)])
    change = np.zeros(len(QUANTITIES))
    start[pair.column] = rng.uniform(*pair.start)
    change[pair.column] = rng.uniform(*pair.change)
    begin, end = rng.uniform(0, 0.15), rng.uniform(0.85, 1)
    progress = np.clip((np.linspace(0, 1, NUM_FRAMES) - begin) / (end - begin), 0, 1)
    return start + progress[:, None] * change


def distractor_course(num_frames: int, number: int, reach: float, rng: np.random.Generator) -> np.ndarray:
    """Draw straight paths, each as likely as its reverse: centres ``[T, D, 2]`` in widths of the frame.

    ``reach`` is the largest distance along each axis, in widths of the frame.
    """
    middle = rng.uniform(0, 1, (number, 2))
    travel = rng.uniform(-reach, reach, (number, 2))
    return middle + np.linspace(-0.5, 0.5, num_frames)[:, None, None] * travel


def render_clip(label: int, rng: np.random.Generator) -> SyntheticClip:
    """Draw a clip of class ``CLASSES[label]``."""
    pair_index, backwards = divmod(label, 2)
    # The order of these calls is fixed: another one would make other videos from the same seed.
    scene = Scene(
        states=object_course(PAIRS[pair_index], rng),
        shape=SHAPES[rng.integers(len(SHAPES))],
        colour=rng.integers(150, 256, 3),
        centres=distractor_course(NUM_FRAMES, NUM_DISTRACTORS, 0.6, rng),
        disc_colours=rng.integers(80, 180, (NUM_DISTRACTORS, 3)),
        disc_radius=0.03,
        texture=draw_texture(20, rng),
        jitter=rng.integers(0, 2 * MAX_JITTER, (NUM_FRAMES, 2), endpoint=True),
    )
    frames = draw_frames(scene)
    return SyntheticClip(frames[::-1] if backwards else frames, FPS)
