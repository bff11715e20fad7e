"""The chart as a picture: it has every bubble, and no label covers another."""

from itertools import combinations

import pytest
from matplotlib.transforms import Bbox

from mmtin.leaderboard.bubble_chart import Bubble, draw_bubble_chart

CROWD = [Bubble(f'model {index}', 33, 24, 40 + 0.7 * index, family='A') for index in range(5)]
CROWD += [
    Bubble('a long name', 30, 60, 42, family='B'),
    Bubble('far', 600, 30, 20, family='B', measured=True),
]


@pytest.fixture(scope='module')
def figure():
    figure = draw_bubble_chart({'crowd': CROWD, 'one': [Bubble('alone', 1, 10, 50, family='C')]})
    figure.draw_without_rendering()
    return figure


def test_labels_overlap_neither_each_other_nor_the_frame(figure):
    for axis in figure.axes:
        boxes = [text.get_window_extent() for text in axis.texts]
        frame = axis.get_window_extent()
        assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
        assert not any(Bbox.intersection(one, two) for one, two in combinations(boxes, 2))


def test_measured_bubbles_are_filled_and_area_is_parameters(figure):
    bubbles = {
        tuple(path.get_offsets()[0]): path for path in figure.axes[0].collections if len(path.get_offsets())
    }
    published, measured = bubbles[33, 40], bubbles[600, 20]
    assert measured.get_facecolor()[0, 3] > 0.5 > published.get_facecolor()[0, 3]
    assert measured.get_sizes()[0] / published.get_sizes()[0] == pytest.approx(30 / 24)


def test_single_bubble_stands_in_a_readable_range(figure):
    low, high = figure.axes[1].get_xlim()
    assert low <= 0.5 and high >= 2
