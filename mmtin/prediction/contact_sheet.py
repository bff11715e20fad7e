"""A contact sheet: clips as rows of frames, each with its true and predicted class."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from torch import Tensor, nn

from mmtin.config import stated_num_segments
from mmtin.datasets.rgb_frames import rgb_frames
from mmtin.errors import UserError
from mmtin.prediction.predict import predict_samples
from mmtin.prediction.recognizer import top_classes


@dataclass(frozen=True)
class PredictedClip:
    """A clip and the prediction of a recognizer for it.

    Attributes:
        frames: ``[T, H, W, 3]``, RGB, uint8.
        true: names of its classes, none if they are not known.
        predicted: names and probabilities of the classes with the highest scores, as many as there are true
            ones; one, if there are none.
    """

    frames: np.ndarray
    true: list[str]
    predicted: list[tuple[str, float]]


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


def predict_clip(model: nn.Module, sample: dict, names: list[str]) -> PredictedClip:
    """The prediction of a recognizer for one sample of a test dataset, and the frames of its first view.

    Args:
        model: from :func:`mmtin.prediction.recognizer.load_recognizer`.
        sample: of a dataset: ``inputs``, uint8, and ``data_samples``.
        names: of the classes, in label order.

    Raises:
        UserError: if the recognizer sees something else than RGB frames.
    """
    frames = rgb_frames(sample, stated_num_segments(model.cfg))
    if frames is None:
        raise UserError(
            'the network of the config sees something else than RGB frames, so there are no clips to draw'
        )
    true = [names[label] for label in _true_labels(sample['data_samples'].gt_label)]
    (scores,) = predict_samples(model, [sample])
    best = top_classes(scores, names, max(1, len(true)))
    return PredictedClip(
        frames=frames,
        true=true,
        predicted=[(found['name'], found['score']) for found in best],
    )


def _true_labels(label: Tensor) -> list[int]:
    """Those of a ``gt_label``: ``[1]``, -1 if unknown, or ``[classes]`` with 1 for each of several."""
    if len(label) == 1:
        return [int(label)] if label >= 0 else []
    return label.nonzero().flatten().tolist()


def draw_contact_sheet(predictions: list[PredictedClip], title: str) -> Figure:
    """Draw one row of frames per clip, with right predictions in green, wrong ones in red.

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
        predicted = ', '.join(f'{name} ({score:.0%})' for name, score in prediction.predicted)
        axis.set_title(
            f'true: {", ".join(prediction.true) or "not known"}   predicted: {predicted}',
            loc='left',
            fontsize=9,
            color=_colour(prediction),
            parse_math=False,
        )
    figure.suptitle(title, parse_math=False)
    figure.tight_layout()
    return figure


def _colour(clip: PredictedClip) -> str:
    if not clip.true:
        return 'tab:gray'
    return 'tab:green' if set(clip.true) == {name for name, _ in clip.predicted} else 'tab:red'


def _strip(frames: np.ndarray) -> np.ndarray:
    """``[T, H, W, 3]`` -> ``[H, T * W + gaps, 3]``: the frames side by side with white gaps."""
    gap = max(1, frames.shape[2] // 20)
    spaced = np.pad(frames, ((0, 0), (0, 0), (0, gap), (0, 0)), constant_values=255)
    return np.concatenate(spaced, axis=1)[:, :-gap]
