"""Horizontal flips that respect the label: mirrored, "from left to right" is "from right to left"."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmaction.datasets.transforms import Flip
from mmaction.registry import TRANSFORMS

from mmtin.datasets.clips import require_data
from mmtin.datasets.list_files import read_class_list
from mmtin.errors import UserError

_OPPOSITE = {
    'left': 'right',
    'right': 'left',
    'clockwise': 'counterclockwise',
    'counterclockwise': 'clockwise',
}
# Also between underscores, where the name of a folder is that of the class: turn_left.
_SIDE = re.compile(rf'(?<![^\W_])({"|".join(_OPPOSITE)})(?=(wards?|hand(ed)?|most)?(?![^\W_]))')
_ANTICLOCKWISE = re.compile('(anti|counter)[-_ ]?clockwise')
# Where the next word of TurnLeft, LEFTTurn and left1 begins.
_NEXT_WORD = re.compile(
    r'(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])'
)


def mirrored_labels(names: Sequence[str]) -> list[int | None]:
    """For each class, the class that its clips show when mirrored.

    Args:
        names: of the classes, in label order.

    Returns:
        For each label: itself if its name has no side and no sense of rotation; else the label of the name
        with these words swapped; None if there is no such name, and these clips must not be mirrored.
    """
    plain = [_ANTICLOCKWISE.sub('counterclockwise', _NEXT_WORD.sub('_', name).lower()) for name in names]
    swapped = [_SIDE.sub(_opposite, name) for name in plain]
    label_of = {name: label for label, name in enumerate(plain)}
    return [
        label if name == mirrored else label_of.get(mirrored)
        for label, (name, mirrored) in enumerate(zip(plain, swapped))
    ]


def _opposite(side: re.Match) -> str:
    return _OPPOSITE[side.group()]


@TRANSFORMS.register_module()
class FlipWithLabel(Flip):
    """MMAction2's horizontal Flip, which also changes the label to that of the mirrored clip.

    Clips of a class whose name says left, right, clockwise or anticlockwise but has no counterpart stay as
    they are. The pairs come from the names of the classes, so the order of the labels does not matter.

    Args:
        labels: file with the name of one class a line, in label order, such as
            ``tools/prepare_data.py`` writes.
        flip_ratio: probability of a flip.

    Raises:
        UserError: if there is no such file.
    """

    def __init__(self, labels: str, flip_ratio: float = 0.5) -> None:
        super().__init__(flip_ratio=flip_ratio)
        self.labels = Path(labels)
        require_data(labels)
        self.mirrored = mirrored_labels(read_class_list(self.labels))

    def transform(self, results: dict) -> dict:
        """Flip ``imgs`` and change ``label``: an int, or ``[num_classes]`` with ones for several."""
        label = results['label']
        several = np.ndim(label) == 1
        present = np.flatnonzero(label).tolist() if several else [label]
        if max(present, default=0) >= len(self.mirrored):
            raise UserError(
                f'a clip has the label {max(present)}, but {self.labels} names '
                f'{len(self.mirrored)} classes; list and names must come from the same preparation'
            )
        mirrored = [self.mirrored[index] for index in present]
        if None in mirrored:
            return results
        results = super().transform(results)
        if results['flip']:
            if several:
                flipped = label.new_zeros(label.shape)
                flipped[mirrored] = 1
                results['label'] = flipped
            else:
                (results['label'],) = mirrored
        return results
