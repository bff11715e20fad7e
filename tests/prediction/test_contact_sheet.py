"""The contact sheet as a picture in a file."""

import cv2
import numpy as np

from mmtin.prediction.contact_sheet import PredictedClip, draw_contact_sheet, spread_over_classes


def test_sheet_shows_every_frame_and_marks_errors(tmp_path):
    frames = np.stack([np.full((20, 20, 3), level, np.uint8) for level in (40, 120, 200)])
    predictions = [
        PredictedClip(frames, true='growing', predicted='growing', score=0.9),
        PredictedClip(frames, true='growing', predicted='shrinking', score=0.6),
    ]
    figure = draw_contact_sheet(predictions, title='two clips')
    titles = [axis.get_title(loc='left') for axis in figure.axes]
    assert titles == [
        'true: growing   predicted: growing (90%)',
        'true: growing   predicted: shrinking (60%)',
    ]
    path = tmp_path / 'sheet.png'
    figure.savefig(path, dpi=100)
    pixels = cv2.imread(str(path)).reshape(-1, 3)
    for level in (40, 120, 200):
        assert (pixels == level).all(axis=1).sum() > 100


def test_clips_are_of_as_many_classes_as_can_be():
    labels = [0] * 50 + [1] * 2 + [2] * 9 + [3]
    for count in (1, 3, 4):
        assert len({labels[index] for index in spread_over_classes(labels, count)}) == count
    seven = spread_over_classes(labels, 7)
    assert sorted(labels[index] for index in seven) == [0, 0, 1, 1, 2, 2, 3]
    assert seven == spread_over_classes(labels, 7), 'the same again'
    assert seven != spread_over_classes(labels, 7, seed=1)
    assert sorted(spread_over_classes(labels, 99)) == list(range(len(labels)))
