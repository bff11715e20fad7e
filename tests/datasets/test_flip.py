"""Mirrored clips carry mirrored labels, whatever the order of the list."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mmtin.datasets.flip import FlipWithLabel, mirrored_labels
from mmtin.errors import UserError

LABELS = Path(__file__).parents[2].parent / 'shared/labels/mmaction2'
NAMES = ['Swiping Left', 'Drumming', 'Swiping Right', 'Turning left', 'Pushing from left to right',
         'Pushing from right to left', 'Putting it upright', 'Turning Hand Clockwise',
         'Turning Hand Counterclockwise']  # fmt: skip
MIRRORED = [2, 1, 0, None, 5, 4, 6, 8, 7]


def pairs(names):
    return {frozenset((a, b)) for a, b in enumerate(mirrored_labels(names)) if b is not None and a != b}


def test_pairs_come_from_the_names():
    assert mirrored_labels(NAMES) == MIRRORED


def test_names_of_folders_say_sides_too():
    assert mirrored_labels(['turn_left', 'turn-right', 'leftover', 'turn_right']) == [3, None, 2, 0]
    assert mirrored_labels(['TurnRight', 'turnLeft', 'TurnLeft2', 'Upright', 'right2']) == [
        1,
        0,
        None,
        3,
        None,
    ]
    assert mirrored_labels(['leftwards', 'RIGHTTurn', 'rightward', 'LEFTTurn']) == [None, 3, None, 1]
    assert mirrored_labels(['lefthand', 'righthanded', 'righthand', 'rightmost']) == [2, None, 0, None]
    assert mirrored_labels(['left1', 'SwipeCounterClockwise', 'right1', 'SwipeClockwise']) == [2, 3, 0, 1]


def test_names_without_a_side_stay_themselves():
    assert mirrored_labels(['a', 'A', 'b']) == [0, 1, 2]


@pytest.mark.parametrize(
    'name', ['counterclockwise', 'anticlockwise', 'anti-clockwise', 'counter clockwise']
)
def test_the_other_sense_of_rotation_has_several_names(name):
    assert mirrored_labels(['turning clockwise', f'turning {name}']) == [1, 0]
    assert mirrored_labels(['jumping', f'turning_{name}']) == [0, None]


def test_pairs_follow_the_order_of_the_list():
    order = np.random.default_rng(0).permutation(len(NAMES))
    shuffled = mirrored_labels([NAMES[index] for index in order])
    for index, mirrored in zip(order, shuffled):
        assert (None if mirrored is None else order[mirrored]) == MIRRORED[index]


@pytest.mark.skipif(not LABELS.is_dir(), reason='the official label files lie beside the repository only')
@pytest.mark.parametrize(
    'name, expected',
    [
        ('sthv1', [(2, 4), (30, 41), (52, 66)]),
        ('sthv2', [(86, 87), (93, 94), (166, 167)]),
        # Seen in a mirror, a hand that turns clockwise turns the other way.
        ('jester', [(0, 1), (6, 7), (14, 15)]),
    ],
)
def test_pairs_of_the_official_lists(name, expected):
    names = (LABELS / f'{name}_label_map.txt').read_text().splitlines()
    assert pairs(names) == {frozenset(pair) for pair in expected}
    assert pairs(sorted(names)) == {
        frozenset(sorted(names).index(names[label]) for label in pair) for pair in expected
    }


def flip(tmp_path, label, ratio=1.0):
    (tmp_path / 'labels.txt').write_text('\n'.join(NAMES))
    frame = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    results = dict(imgs=[frame.copy()], img_shape=(2, 2), modality='RGB', label=label)
    results = FlipWithLabel(str(tmp_path / 'labels.txt'), flip_ratio=ratio).transform(results)
    (image,) = results['imgs']
    assert np.array_equal(image, frame) or np.array_equal(image, frame[:, ::-1])
    return results['label'], not np.array_equal(image, frame)


@pytest.mark.parametrize('label', range(len(NAMES)), ids=NAMES)
def test_single_label(tmp_path, label):
    expected = MIRRORED[label]
    assert flip(tmp_path, label) == ((label, False) if expected is None else (expected, True))
    assert flip(tmp_path, label, ratio=0.0) == (label, False)


def many_hot(*labels):
    return torch.zeros(len(NAMES)).index_fill(0, torch.tensor(labels), 1.0)


@pytest.mark.parametrize(
    'labels, expected', [((0, 1), (2, 1)), ((4, 5), (5, 4)), ((1,), (1,)), ((0, 3), None)], ids=str
)
def test_several_labels(tmp_path, labels, expected):
    label, flipped = flip(tmp_path, many_hot(*labels))
    assert flipped == (expected is not None)
    torch.testing.assert_close(label, many_hot(*(expected or labels)))


def test_missing_names_are_an_error(tmp_path):
    with pytest.raises(UserError, match=r'no data at .*labels\.txt: see the section "Data"'):
        FlipWithLabel(str(tmp_path / 'labels.txt'))


def test_label_beyond_the_names_is_an_error(tmp_path):
    with pytest.raises(
        UserError, match=rf'label {len(NAMES)}, but .*labels\.txt names {len(NAMES)} classes'
    ):
        flip(tmp_path, len(NAMES))
