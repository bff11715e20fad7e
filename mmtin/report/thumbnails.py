"""Clips of a test set as small moving pictures, with the network's predictions."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.dataset import BaseDataset
from PIL import Image

from mmtin.datasets.clip_names import clip_name
from mmtin.datasets.rgb_frames import rgb_frames
from mmtin.report.confusion import rank_clips, true_labels
from mmtin.scores.dumps import ScoredClip

_HEIGHT = 112  # pixels; smaller frames stay as they are
_QUALITY = 80


@dataclass(frozen=True)
class Thumbnail:
    """A small moving picture of a clip, and its prediction.

    Attributes:
        name: of its file or folder.
        strip: its frames side by side, as a ``data:`` address.
        num_frames: number of frames.
        aspect: width of a frame over its height.
        true: names of its classes.
        predicted: names and scores of the classes with the highest scores, as many as there are true
            ones.
        right: whether these are the true classes.
        true_score: the lowest score of a true class.
    """

    name: str
    strip: str
    num_frames: int
    aspect: float
    true: list[str]
    predicted: list[tuple[str, float]]
    right: bool
    true_score: float


def best_and_worst(
    dataset: BaseDataset,
    clips: Sequence[ScoredClip],
    class_names: Sequence[str],
    count: int,
    num_segments: int,
) -> tuple[list[Thumbnail], list[Thumbnail]] | None:
    """The best and the worst classified clips, the worst one first; at most ``count`` each.

    Each shows the frames of its first view, ``num_segments`` for a 2D network. None if the network sees
    something else than RGB frames.

    Raises:
        UserError: if a clip cannot be read.
    """
    ranked = rank_clips(clips)
    count = min(count, len(ranked) // 2)
    thumbnails = []
    for index in (*ranked[:count], *ranked[::-1][:count]):
        frames = rgb_frames(dataset[index], num_segments)
        if frames is None:
            return None
        thumbnails.append(make_thumbnail(dataset, index, frames, clips[index], class_names))
    return thumbnails[:count], thumbnails[count:]


def make_thumbnail(
    dataset: BaseDataset, index: int, frames: np.ndarray, clip: ScoredClip, class_names: Sequence[str]
) -> Thumbnail:
    """One clip as the network sees it, ``[T, H, W, 3]``; see :func:`best_and_worst`."""
    true = set(true_labels(clip.label))
    predicted = np.argsort(-clip.scores, kind='stable')[: len(true)].tolist()
    return Thumbnail(
        name=clip_name(dataset, index),
        strip=encode_strip(frames),
        num_frames=len(frames),
        aspect=frames.shape[2] / frames.shape[1],
        true=[class_names[label] for label in sorted(true)],
        predicted=[(class_names[label], float(clip.scores[label])) for label in predicted],
        right=true == set(predicted),
        true_score=min(float(clip.scores[label]) for label in true),
    )


def encode_strip(frames: np.ndarray) -> str:
    """``[T, H, W, 3]`` RGB uint8 -> frames side by side as a WebP image in a ``data:`` address."""
    images = [Image.fromarray(frame) for frame in frames]
    for image in images:
        image.thumbnail((4 * _HEIGHT, _HEIGHT))
    width, height = images[0].size
    strip = Image.new('RGB', (width * len(images), height))
    for t, image in enumerate(images):
        strip.paste(image, (t * width, 0))
    buffer = io.BytesIO()
    strip.save(buffer, 'webp', quality=_QUALITY)
    return f'data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}'
