"""The contact sheet as a picture in a file."""

import cv2
import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from mmtin.errors import UserError
from mmtin.prediction.contact_sheet import (
    PredictedClip,
    draw_contact_sheet,
    predict_clip,
    spread_over_classes,
)
from mmtin.prediction.predict import predict_samples
from tests.prediction.small_recognizer import NUM_CLASSES, moving_frames


def test_sheet_shows_every_frame_and_marks_errors(tmp_path):
    frames = np.stack([np.full((20, 20, 3), level, np.uint8) for level in (40, 120, 200)])
    predictions = [
        PredictedClip(frames, ['growing'], [('growing', 0.9)]),
        PredictedClip(frames, ['growing'], [('shrinking', 0.6)]),
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


@pytest.mark.parametrize(
    'label, true, shown',
    [
        (2, ['c'], 1),
        (-1, [], 1),  # as in the test set of a challenge
        (torch.tensor([0.0, 1, 0, 1, 0, 0]), ['b', 'd'], 2),
        (torch.zeros(NUM_CLASSES), [], 1),
    ],
    ids=['one', 'unknown', 'several', 'none of several'],
)
def test_labels_of_every_kind(model, label, true, shown):
    inputs = torch.from_numpy(np.stack(list(moving_frames(4, 32, 32)))).permute(0, 3, 1, 2)
    sample = dict(inputs=inputs, data_samples=ActionDataSample().set_gt_label(label))
    clip = predict_clip(model, sample, list('abcdef'))
    assert clip.true == true
    (scores,) = predict_samples(model, [sample])
    best = scores.topk(shown)
    assert [name for name, _ in clip.predicted] == ['abcdef'[label] for label in best.indices]
    assert [score for _, score in clip.predicted] == pytest.approx(best.values.tolist(), abs=1e-5)
    figure = draw_contact_sheet([clip], title='one clip')
    (title,) = [axis.get_title(loc='left') for axis in figure.axes]
    assert title.startswith(f'true: {", ".join(true) or "not known"}   predicted: ')


def test_optical_flow_is_no_picture(model):
    label = ActionDataSample().set_gt_label(0)
    sample = dict(inputs=torch.zeros(4, 10, 32, 32, dtype=torch.uint8), data_samples=label)
    with pytest.raises(UserError, match='sees something else than RGB frames'):
        predict_clip(model, sample, list('abcdef'))


def test_clips_are_of_as_many_classes_as_can_be():
    labels = [0] * 50 + [1] * 2 + [2] * 9 + [3]
    for count in (1, 3, 4):
        assert len({labels[index] for index in spread_over_classes(labels, count)}) == count
    seven = spread_over_classes(labels, 7)
    assert sorted(labels[index] for index in seven) == [0, 0, 1, 1, 2, 2, 3]
    assert seven == spread_over_classes(labels, 7), 'the same again'
    assert seven != spread_over_classes(labels, 7, seed=1)
    assert sorted(spread_over_classes(labels, 99)) == list(range(len(labels)))
