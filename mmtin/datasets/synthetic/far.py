"""Clips in which two short events, far apart, tell the class by their order.

Events come in families of three: colours, angles, sizes, places. A clip shows two different events of one
family; each is an object that appears for a moment. In the first class of a family the second event is the
next one of the cycle (red, green, blue, red), in the second class the previous one: the first class
backwards. Only the order of the two tells the classes apart:

- one event does not: each is first as often as second, in either class;
- nor does its time: the rest of the clip is divided at random before and after the two;
- nor do both events without their order, the length of the clip, or the time between them.

The events are a third to three quarters of the clip apart: 8 to 18 of 24 sampled frames.
"""

import numpy as np

from mmtin.datasets.synthetic.classes import SyntheticClip
from mmtin.datasets.synthetic.drawing import (
    FRAME_SIZE,
    MAX_JITTER,
    SHAPES,
    draw_object,
    draw_texture,
)

FAMILIES = ('colours', 'angles', 'sizes', 'places')
CLASSES = tuple(f'{family} {way}' for family in FAMILIES for way in ('forwards', 'backwards'))

FPS = (12, 15, 24, 30)
SECONDS = (3.0, 5.0)
GAP = (8 / 24, 18 / 24)  # of the clip, between the middles of the events
DURATION = (4 / 24, 6 / 24)  # of an event, of the clip: four to six of 24 sampled frames show it

COLOURS = ((60, 60, 230), (60, 210, 60), (230, 90, 60))  # BGR
ANGLES = (0.0, 2 * np.pi / 3, 4 * np.pi / 3)
RADII = (0.11, 0.2, 0.32)
PLACES = (0.2, 0.5, 0.8)  # of the width
WEDGE, ARROW, CORNER = SHAPES
SQUARE = [(0.7, 0.7), (0.7, -0.7), (-0.7, -0.7), (-0.7, 0.7)]


def event_times(rng: np.random.Generator) -> np.ndarray:
    """Draw middle and duration of both events, ``[2, 2]``, as fractions of the clip."""
    gap, durations = rng.uniform(*GAP), rng.uniform(*DURATION, 2)
    free = 1 - gap - durations.sum() / 2
    first = durations[0] / 2 + rng.uniform(0, free)
    return np.stack([(first, first + gap), durations], axis=1)


def event_pair(rng: np.random.Generator) -> tuple[int, int]:
    """Draw the two events of a clip played forwards, as numbers in their family: one and the next."""
    first = int(rng.integers(3))
    return first, (first + 1) % 3


def event_state(family: int, event: int, rng: np.random.Generator) -> tuple[list, np.ndarray, np.ndarray]:
    """Draw the look of an event: shape, state (its QUANTITIES) and colour ``[3]``."""
    x, y = rng.uniform(0.38, 0.62, 2)
    bright = rng.integers(200, 256) * np.ones(3)
    radius, angle = rng.uniform(0.2, 0.26), rng.uniform(0, 2 * np.pi)
    if family == 0:
        return SQUARE, np.array([x, y, radius, angle]), np.array(COLOURS[event])
    if family == 1:
        return WEDGE, np.array([x, y, 1.3 * radius, ANGLES[event] + rng.uniform(-0.2, 0.2)]), bright
    if family == 2:
        return CORNER, np.array([x, y, RADII[event] * rng.uniform(0.9, 1.1), angle]), bright
    # Dark, unlike the events of any other family.
    place = PLACES[event] + rng.uniform(-0.04, 0.04)
    return ARROW, np.array([place, y, 0.8 * radius, angle]), rng.integers(0, 20) * np.ones(3)


def render_clip(label: int, rng: np.random.Generator) -> SyntheticClip:
    """Draw a clip of class ``CLASSES[label]``."""
    family, backwards = divmod(label, 2)
    # The order of these calls is fixed: another one would make other videos from the same seed.
    fps = int(rng.choice(FPS))
    num_frames = round(fps * rng.uniform(*SECONDS))
    times, pair = event_times(rng), event_pair(rng)
    events = [event_state(family, event, rng) for event in pair]
    texture = draw_texture(rng.uniform(10, 30), rng)
    jitter = rng.integers(0, 2 * MAX_JITTER, (num_frames, 2), endpoint=True)

    frames = np.empty((num_frames, FRAME_SIZE, FRAME_SIZE, 3), np.uint8)
    for t, frame in enumerate(frames):
        top, left = jitter[t]
        frame[:] = texture[top : top + FRAME_SIZE, left : left + FRAME_SIZE]
        for (middle, duration), (shape, state, colour) in zip(times, events, strict=True):
            if abs((t + 0.5) / num_frames - middle) < duration / 2:
                draw_object(frame, shape, state, colour)
    return SyntheticClip(frames[::-1] if backwards else frames, fps)
