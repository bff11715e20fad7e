"""A contact sheet: clips as rows of frames, each with its true and predicted class."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.dataset import pseudo_collate
from torch import nn


@dataclass(frozen=True)
class PredictedClip:
    """A clip and the prediction of a recognizer for it.

    Attributes:
        frames: ``[T, H, W, 3]``, RGB, uint8.
        true: name of the class.
        predicted: name of the class with the highest score.
        score: its probability.
    """

    frames: np.ndarray
    true: str
    predicted: str
    score: float


def spread_over_classes(labels: Sequence[object], count: int, seed: int = 0) -> list[int]:
    """Indices of ``count`` random clips, of as many different classes as possible.

    Args:
        labels: of all clips.
        count: how many to draw; all, if there are fewer.
        seed: for the order of the classes, and of the clips of each.
    """
    order = random.Random(seed).sample(range(len(labels)), len(labels))
    by_class: dict[str, list[int]] = {}
    for index in order:
        by_class.setdefault(str(labels[index]), []).append(index)
    rounds = zip_longest(*by_class.values())
    return [index for each in rounds for index in each if index is not None][:count]


@torch.inference_mode()
def predict_clip(model: nn.Module, sample: dict, names: list[str]) -> PredictedClip:
    """The prediction of a recognizer for one sample of a test dataset.

    Args:
        model: a recognizer of MMAction2 in eval mode.
        sample: of a dataset: ``inputs`` ``[T, 3, H, W]`` uint8 and ``data_samples``.
        names: of the classes, in label order.
    """
    (result,) = model.test_step(pseudo_collate([sample]))
    score, predicted = result.pred_score.max(dim=0)
    return PredictedClip(
        frames=sample['inputs'].permute(0, 2, 3, 1).numpy(),
        true=names[int(result.gt_label)],
        predicted=names[int(predicted)],
        score=float(score),
    )


def draw_contact_sheet(predictions: list[PredictedClip], title: str) -> Figure:
    """Draw one row of frames per clip, with wrong predictions in red.

    Args:
        predictions: at least one, all with the same T.
        title: text above the sheet.
    """
    num_segments = len(predictions[0].frames)
    figure, axes = plt.subplots(
        len(predictions), 1, figsize=(1.1 * num_segments, 1.4 * len(predictions) + 0.5), squeeze=False
    )
    for prediction, axis in zip(predictions, axes[:, 0]):
        axis.imshow(_strip(prediction.frames))
        axis.set_axis_off()
        correct = prediction.true == prediction.predicted
        axis.set_title(
            f'true: {prediction.true}   predicted: {prediction.predicted} ({prediction.score:.0%})',
            loc='left',
            fontsize=9,
            color='tab:green' if correct else 'tab:red',
            parse_math=False,
        )
    figure.suptitle(title, parse_math=False)
    figure.tight_layout()
    return figure


def _strip(frames: np.ndarray) -> np.ndarray:
    """``[T, H, W, 3]`` -> ``[H, T * W + gaps, 3]``: the frames side by side with white gaps."""
    gap = max(1, frames.shape[2] // 20)
    spaced = np.pad(frames, ((0, 0), (0, 0), (0, gap), (0, 0)), constant_values=255)
    return np.concatenate(spaced, axis=1)[:, :-gap]
