"""Clips in which no single distance in time shows the class.

Length, frame rate, duration and extent of the motion, size and contrast vary from clip to clip. Before and
after the motion the object feints: it moves and comes back. It trembles in every frame, and drifts a little
in the quantities that do not tell the class. So a slow motion shows only between frames far apart, and a
quick one is over within a few frames.

All of that is as likely as its reverse: only the direction in time of the one lasting change tells the two
classes of a pair apart.
"""

import numpy as np

from mmtin.datasets.synthetic.classes import PAIRS, QUANTITIES, Pair, SyntheticClip
from mmtin.datasets.synthetic.drawing import MAX_JITTER, SHAPES, Scene, draw_frames, draw_texture
from mmtin.datasets.synthetic.easy import distractor_course

FPS = (8, 12, 15, 24, 30)
SECONDS = (2.0, 4.0)
EXTENT = (0.25, 0.9)  # of the clip, the duration of the motion
DISTANCE = (0.35, 1.0)  # of the change in the easy set
FEINT = 0.5  # at most, of the change that the motion makes
CENTRE = (0.42, 0.58)
RADIUS = (0.16, 0.3)
MIN_RADIUS = 0.05
DRIFT = (0.12, 0.12, 0.05, 0.6)  # at most, over the clip, of each quantity
TREMBLE = (0.012, 0.012, 0.008, 0.08)  # standard deviation in a frame, of each quantity
MAX_DISTRACTORS = 5


def object_course(pair: Pair, num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the course of the object of ``pair``, forwards: ``[T, 4]``, the QUANTITIES per frame."""
    time = np.linspace(0, 1, num_frames)
    middle = np.array([*rng.uniform(*CENTRE, 2), rng.uniform(*RADIUS), rng.uniform(0, 2 * np.pi)])
    if pair.quantity == 'radius':
        middle[pair.column] = sum(pair.start) / 2 + sum(pair.change) / 4
    states = middle + (time - 0.5)[:, None] * rng.uniform(-1, 1, len(QUANTITIES)) * DRIFT

    extent = rng.uniform(*EXTENT)
    begin = rng.uniform(0, 1 - extent)
    change = rng.uniform(*DISTANCE) * rng.uniform(*pair.change)
    progress = np.clip((time - begin) / extent, 0, 1) - 0.5
    for first, last in ((0, begin), (begin + extent, 1)):
        progress += rng.uniform(-FEINT, FEINT) * there_and_back(time, first, last)
    # Instead of the drift, which would lengthen or shorten the motion.
    states[:, pair.column] = middle[pair.column] + progress * change
    states += rng.normal(0, TREMBLE, states.shape)
    radius = states[:, QUANTITIES.index('radius')]
    np.maximum(radius, MIN_RADIUS, out=radius)
    return states


def there_and_back(time: np.ndarray, first: float, last: float) -> np.ndarray:
    """0 up to ``first``, then up to 1 and back to 0 at ``last``."""
    inside = np.clip((time - first) / max(last - first, 1e-6), 0, 1)
    return np.sin(np.pi * inside) ** 2


def render_clip(label: int, rng: np.random.Generator) -> SyntheticClip:
    """Draw a clip of class ``CLASSES[label]``."""
    pair_index, backwards = divmod(label, 2)
    fps = int(rng.choice(FPS))
    num_frames = round(fps * rng.uniform(*SECONDS))
    num_distractors = int(rng.integers(1, MAX_DISTRACTORS, endpoint=True))
    # The order of these calls is fixed: another one would make other videos from the same seed.
    scene = Scene(
        states=object_course(PAIRS[pair_index], num_frames, rng),
        shape=SHAPES[rng.integers(len(SHAPES))],
        colour=rng.integers(130, 256, 3),
        centres=distractor_course(num_frames, num_distractors, 0.8, rng),
        disc_colours=rng.integers(80, 180, (num_distractors, 3)),
        disc_radius=rng.uniform(0.03, 0.06),
        texture=draw_texture(rng.uniform(10, 40), rng),
        jitter=rng.integers(0, 2 * MAX_JITTER, (num_frames, 2), endpoint=True),
    )
    frames = draw_frames(scene)
    return SyntheticClip(frames[::-1] if backwards else frames, fps)
