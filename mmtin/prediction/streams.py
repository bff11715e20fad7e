"""Predictions that go along with a long or live video."""

from collections.abc import Iterable, Iterator, Sequence

from torch import nn

from mmtin.prediction.clips import predict_samples
from mmtin.prediction.recognizer import top_classes
from mmtin.prediction.windows import Window


def predict_windows(
    model: nn.Module,
    windows: Iterable[Window],
    fps: float,
    names: Sequence[str],
    k: int = 5,
    smoothing: float = 0.5,
) -> Iterator[dict]:
    """What the recognizer says of each window, and of the video up to there.

    Args:
        model: of :func:`mmtin.prediction.recognizer.load_recognizer`.
        windows: of :func:`mmtin.prediction.windows.cut_windows`.
        fps: of their grid.
        names: of the classes, in label order.
        k: classes to name.
        smoothing: a in (0, 1], the share of the newest window: with p the probabilities of window i,
            s[i] = a * p[i] + (1 - a) * s[i - 1] and s[0] = p[0]; 1 does not smooth.

    Yields:
        ``start`` and ``end`` in seconds from the first frame, ``predictions`` and ``smoothed`` as
        :func:`mmtin.prediction.recognizer.top_classes` gives them.
    """
    smooth = None
    for window in windows:
        (scores,) = predict_samples(model, [window.sample])
        smooth = scores if smooth is None else smoothing * scores + (1 - smoothing) * smooth
        yield dict(
            start=round(window.start / fps, 3),
            end=round(window.stop / fps, 3),
            predictions=top_classes(scores, names, k),
            smoothed=top_classes(smooth, names, k),
        )
