"""The classes: one property of the object changes, forwards or backwards in time."""

from typing import NamedTuple

import numpy as np

# The properties of the object in a frame: lengths in widths of the frame, the angle in radians, clockwise.
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

    @property
    def column(self) -> int:
        """The index of the quantity in QUANTITIES."""
        return QUANTITIES.index(self.quantity)


# Less than one turn in a clip: between two of 8 sampled frames it must stay well below half a turn.
PAIRS = (
    Pair('moving left to right', 'moving right to left', 'x', (0.12, 0.24), (0.52, 0.64)),
    Pair('moving top to bottom', 'moving bottom to top', 'y', (0.12, 0.24), (0.52, 0.64)),
    Pair('growing', 'shrinking', 'radius', (0.07, 0.11), (0.22, 0.28)),
    Pair('turning clockwise', 'turning anticlockwise', 'angle', (0, 2 * np.pi), (np.pi, 1.6 * np.pi)),
)
CLASSES = tuple(name for pair in PAIRS for name in (pair.forwards, pair.backwards))


class SyntheticClip(NamedTuple):
    """A video: ``frames`` uint8 ``[T, H, W, 3]``, BGR, and its rate in frames per second."""

    frames: np.ndarray
    fps: int
