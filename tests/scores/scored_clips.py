"""Scores as of a test, made without a network."""

import numpy as np

from mmtin.scores.dumps import ScoredClip


def scored_clips(count=12, classes=6, seed=0, folder='data/val', labels=None):
    """``count`` clips with the probabilities of a softmax."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(count, classes))
    scores = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    labels = [index % classes for index in range(count)] if labels is None else labels
    return [
        ScoredClip(folder and f'{folder}/class{index % 2}/{index}.mp4', row, label)
        for index, (row, label) in enumerate(zip(scores, labels))
    ]


def many_hot_labels(count=12, classes=6):
    return [
        np.eye(classes, dtype=np.int64)[[index % classes, (index * 5 + 2) % classes]].max(0)
        for index in range(count)
    ]
