"""Names of configs, clips and classes are in figures as they are, even with dollar signs."""

import numpy as np
import pytest

from mmtin.interlacing.figures import draw_offsets, draw_weights
from mmtin.interlacing.strip import InterlacedClip, draw_interlaced_clip
from mmtin.leaderboard.bubble_chart import Bubble, draw_bubble_chart
from mmtin.prediction.contact_sheet import PredictedClip, draw_contact_sheet
from tests.interlacing.test_interlacing_figures import record

NAME = r'a$\frac$b'
FRAMES = np.zeros((2, 8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    'draw',
    [
        lambda: draw_offsets(record(1), NAME),
        lambda: draw_weights(record(1), NAME),
        lambda: draw_interlaced_clip(InterlacedClip(FRAMES, np.zeros(1), np.eye(2)[None], 1), NAME),
        lambda: draw_contact_sheet([PredictedClip(FRAMES, [NAME], [(NAME, 0.5)])], NAME),
        lambda: draw_bubble_chart({NAME: [Bubble(NAME, 1, 1, 50, family=NAME)]}),
    ],
    ids=['offsets', 'weights', 'strip', 'sheet', 'bubbles'],
)
def test_names_are_no_math(tmp_path, draw):
    path = tmp_path / 'figure.png'
    draw().savefig(path)
    assert path.stat().st_size > 1000
