"""Divide clips into a training and a validation set."""

import random
from collections import Counter
from collections.abc import Sequence

from mmtin.datasets.annotations import LabelledClip
from mmtin.errors import UserError


def divide(
    clips: Sequence[LabelledClip], classes: Sequence[str], val_share: float, seed: int
) -> tuple[list[LabelledClip], list[LabelledClip]]:
    """Divide clips into training and validation set, both in the order of ``clips``, class by class.

    A clip of several classes counts with the rarest of them. The division depends on the clips, the share
    and the seed alone; that of one class does not depend on other classes.

    Args:
        clips: with their labels.
        classes: names in label order.
        val_share: share of each class to validate on, above 0 and below 1; at least one clip.
        seed: of the choice.

    Raises:
        UserError: if a class has a single clip.
    """
    if not 0 < val_share < 1:
        raise UserError(f'val_share must be above 0 and below 1, such as 0.2, got {val_share}')
    frequency = Counter(label for clip in clips for label in clip.labels)
    groups: dict[int, list[LabelledClip]] = {}
    for clip in clips:
        groups.setdefault(min(clip.labels, key=lambda label: (frequency[label], label)), []).append(clip)
    held_out: set[LabelledClip] = set()
    for label, group in groups.items():
        if len(group) == 1 and frequency[label] == 1:
            raise UserError(
                f'the class {classes[label]!r} has one video, {group[0].path}; it needs two at least, one '
                'to train on and one to validate on'
            )
        count = min(max(round(val_share * len(group)), 1), len(group) - 1)
        held_out.update(random.Random(f'{seed}:{classes[label]}').sample(group, count))
    train = [clip for clip in clips if clip not in held_out]
    return train, [clip for clip in clips if clip in held_out]
