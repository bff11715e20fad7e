"""Predictions in the formats of challenges."""

from dataclasses import replace

import numpy as np
import pytest

from mmtin.errors import UserError
from mmtin.scores.dumps import ScoredClip
from mmtin.scores.submission import submission

CLASSES = ['Folding something', 'Holding [something]', 'Pushing', 'Putting', 'Lifting', 'Turning']
SCORES = np.array([[0.1, 0.4, 0.2, 0.05, 0.15, 0.1], [0, 0, 0, 0, 0, 1]], np.float32)
CLIPS = [ScoredClip(f'data/media/{name}', row, -1) for name, row in zip(['34870.webm', '7.webm'], SCORES)]


@pytest.mark.parametrize(
    'form, expected',
    [
        ('sthv1', ['34870;Holding [something]', '7;Turning']),
        ('jester', ['34870;Holding [something]', '7;Turning']),
        ('sthv2', ['34870;1;2;4;0;5', '7;5;0;1;2;3']),
        ('mmit', ['34870.webm 1 2 4 0 5', '7.webm 5 0 1 2 3']),
    ],
)
def test_forms(form, expected):
    assert submission(CLIPS, form, classes=CLASSES) == expected


def test_list_names_the_clips_of_a_dump_without_names():
    nameless = [replace(clip, name=None) for clip in CLIPS]
    lines = submission(nameless, 'sthv2', ['100', '200'])
    assert [line.split(';')[0] for line in lines] == ['100', '200']


@pytest.mark.parametrize(
    'clips, names, classes, fault',
    [
        ([replace(CLIPS[0], name=None)], None, CLASSES, 'no names of clips; give .* --clips'),
        (CLIPS, ['1'], CLASSES, 'names 1 clips, the dump has 2'),
        (CLIPS, None, CLASSES[1:], r'--labels must name the 6 .*got 5'),
    ],
)
def test_what_does_not_fit_is_one_sentence(clips, names, classes, fault):
    with pytest.raises(UserError, match=fault):
        submission(clips, 'sthv1', names, classes)
