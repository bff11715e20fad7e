"""Draw one clip as a strip of frames, and the movement of each group of channels in one layer."""

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn

from mmtin.datasets.rgb_frames import rgb_frames
from mmtin.interlacing.figures import group_colour
from mmtin.interlacing.recorder import InterlacingRecorder, offset_of_clips
from mmtin.models.temporal_interlace import TemporalInterlace
from mmtin.ops import interlace_matrix

_SMALLEST_SHARE = 0.02  # thinner arrows would not be visible


@dataclass(frozen=True)
class InterlacedClip:
    """A clip and its interlacing by one layer.

    Attributes:
        frames: ``[T, H, W, 3]``, RGB, uint8; after temporal pooling T counts every other frame, as the
            layer does. None for a network of something else, such as optical flow.
        offset: ``[G']``, frames; the learned groups first, then their twins. Where each frame has its own
            offsets, their mean.
        matrix: ``[G', T, T]``, the share of frame s (column) in frame t (row) after interlacing.
        groups: G, number of learned groups.
    """

    frames: np.ndarray | None
    offset: np.ndarray
    matrix: np.ndarray
    groups: int


@torch.inference_mode()
def interlace_clip(model: nn.Module, sample: dict, layer: str) -> InterlacedClip:
    """The interlacing by ``layer`` of one sample of a test dataset; of several views, the first.

    Args:
        model: a recognizer of MMAction2 in eval mode.
        sample: of a dataset: ``inputs`` ``[T, C, H, W]`` uint8 and ``data_samples``.
        layer: a name among those of :class:`mmtin.interlacing.recorder.InterlacingRecorder`.
    """
    with InterlacingRecorder(model) as recorder:
        model.test_step(pseudo_collate([sample]))
    offset, weight = recorder.take()[layer]
    frames = sample['inputs'][: model.backbone.num_segments]
    return interlaced_by(recorder.layers[layer], offset, weight, frames)


def interlaced_by(
    layer: TemporalInterlace, offset: Tensor, weight: Tensor, frames: Tensor
) -> InterlacedClip:
    """The interlacing of the first of N clips by a layer.

    Args:
        layer: of the network.
        offset: that it predicted, ``[N, G]`` or ``[N, T', G]``.
        weight: that it predicted, ``[N, T', G]``; T' is T, or less after temporal pooling.
        frames: of the clip, ``[T, C, H, W]``, uint8.
    """
    offset, weight = offset[:1], weight[:1]
    groups = offset.shape[-1]
    if layer.reverse:
        offset, weight = torch.cat([offset, -offset], -1), torch.cat([weight, weight], 2)
    num_segments = weight.shape[1]
    return InterlacedClip(
        frames=rgb_frames(dict(inputs=frames[:: len(frames) // num_segments])),
        offset=offset_of_clips(offset)[0].numpy(),
        matrix=interlace_matrix(offset, weight, num_segments)[0].numpy(),
        groups=groups,
    )


def draw_interlaced_clip(clip: InterlacedClip, title: str) -> Figure:
    """Draw the frames, and below them one lane of arrows per group, each from source frame to target."""
    num_segments, lanes = clip.matrix.shape[-1], len(clip.offset)
    size = max(0.75, 7.5 / num_segments)  # inches per frame
    heights = [0.95] * lanes
    if clip.frames is not None:
        heights.insert(0, size * clip.frames.shape[1] / clip.frames.shape[2])
    figure = Figure(figsize=(size * num_segments + 1.9, sum(heights) + 1.5), layout='constrained')
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    if clip.frames is not None:
        _draw_frames(axes[0], clip.frames)
    axes[0].set_xlim(0.4, num_segments + 0.6)
    axes[0].set_title(title, fontsize=11, parse_math=False)
    for axis in axes:
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
        axis.set_yticks([])
    for group, axis in enumerate(axes[-lanes:]):
        colour = group_colour(group % clip.groups)
        _draw_lane(axis, clip.matrix[group], colour)
        name = f'group {group % clip.groups + 1}{", reversed" if group >= clip.groups else ""}'
        axis.set_ylabel(
            f'{name}\n{clip.offset[group]:+.2f} frames',
            rotation=0,
            ha='right',
            va='center',
            fontsize=9,
            color=colour,
        )
    axes[-1].set_xticks(range(1, num_segments + 1))
    axes[-1].set_xlabel(
        'frame of the clip; in each lane: before (upper dots) and after interlacing (lower dots)'
    )
    _add_legend(figure)
    return figure


def _draw_frames(axis: Axes, frames: np.ndarray) -> None:
    for t, frame in enumerate(frames, 1):
        axis.imshow(frame, extent=(t - 0.47, t + 0.47, 0, 1), interpolation='nearest', aspect='auto')
    axis.set_ylim(0, 1)


def _draw_lane(axis: Axes, matrix: np.ndarray, colour: str) -> None:
    """Draw the arrows of one group; their thickness is the target's share of the source."""
    used = matrix > _SMALLEST_SHARE
    for target, source in zip(*used.nonzero()):
        axis.add_patch(
            FancyArrowPatch(
                (source + 1, 1),
                (target + 1, 0),
                arrowstyle='-|>',
                mutation_scale=9,
                linewidth=_thickness(matrix[target, source]),
                color=colour,
                alpha=0.85,
                shrinkA=4,
                shrinkB=4,
            )
        )
    frames = np.arange(1, len(matrix) + 1)
    for y, busy in ((1, used.any(axis=0)), (0, used.any(axis=1))):
        faces = [colour if flag else 'none' for flag in busy]
        axis.scatter(frames, np.full(len(frames), y), 28, facecolors=faces, edgecolors=colour, zorder=3)
    axis.set_ylim(-0.25, 1.25)


def _add_legend(figure: Figure) -> None:
    grey = '#7a7f87'
    shares = [
        Line2D([], [], color=grey, linewidth=_thickness(share), label=f'{share:g} of a frame')
        for share in (0.25, 0.5, 1, 1.5)
    ]
    hollow = Line2D([], [], color=grey, marker='o', markerfacecolor='none', linestyle='none')
    hollow.set_label('leaves the clip, or nothing arrives')
    figure.legend(handles=[*shares, hollow], loc='outside lower center', ncols=5, frameon=False, fontsize=9)


def _thickness(share: float) -> float:
    """Thickness of a line, in points."""
    return 0.4 + 2.4 * share
