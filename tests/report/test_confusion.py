"""Confused classes and the best classified clips, for one label per clip and for several."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix

from mmtin.report.confusion import (
    Confusion,
    confusion_counts,
    is_single_label,
    most_confused,
    rank_clips,
    top1_accuracy,
)
from mmtin.scores.dumps import ScoredClip


def clips(true, predicted, classes=4):
    return [
        ScoredClip(None, np.eye(classes, dtype=np.float32)[p] * 0.9, t) for t, p in zip(true, predicted)
    ]


def test_confusion_is_scikit_learns():
    true, predicted = np.random.default_rng(0).integers(0, 4, (2, 60)).tolist()
    expected = confusion_matrix(true, predicted, labels=range(4))
    np.testing.assert_array_equal(confusion_counts(clips(true, predicted)), expected)
    assert top1_accuracy(clips(true, predicted)) == pytest.approx(np.trace(expected) / 60)


def test_most_confused_first():
    pairs = most_confused(clips([0, 0, 0, 0, 1, 2, 2], [1, 1, 0, 2, 1, 0, 2]), 2)
    assert pairs == [Confusion(0, 1, 2, 0.5), Confusion(0, 2, 1, 0.25)]
    assert most_confused(clips([0, 1], [0, 1]), 5) == []


def test_clips_are_ranked_by_the_score_of_their_class():
    scores = np.array([[0.2, 0.8], [0.9, 0.1], [0.5, 0.5], [0.6, 0.4]], np.float32)
    labels = [0, 0, 1, -1]
    data = [ScoredClip(None, score, label) for score, label in zip(scores, labels)]
    assert rank_clips(data) == [1, 2, 0]
    assert not is_single_label(data)
    assert is_single_label(data[:3])


def test_clips_of_several_labels_are_ranked_by_average_precision():
    generator = np.random.default_rng(0)
    scores = generator.random((9, 12), dtype=np.float32)
    labels = (generator.random((9, 12)) < 0.3).astype(np.float32)
    labels[:, 0] = 1
    data = [ScoredClip(None, score, label) for score, label in zip(scores, labels)]
    expected = [average_precision_score(label, score) for label, score in zip(labels, scores)]
    assert rank_clips(data) == np.argsort(expected)[::-1].tolist()
    assert not is_single_label(data)
