"""Figures of offsets and weights: what is drawn where, with units and a legend."""

import numpy as np
import pytest
import torch

from mmtin.interlacing.figures import draw_offsets, draw_weights
from mmtin.interlacing.record import InterlacingRecord, LayerRecord, Moments
from mmtin.interlacing.strip import InterlacedClip, draw_interlaced_clip, interlaced_by
from mmtin.models import TemporalInterlace
from mmtin.ops import interlace_matrix


def record(num_layers, num_segments=8, groups=2):
    layers = []
    for index in range(num_layers):
        offset = torch.randn(20, groups)
        # As after temporal pooling, which halves the clip behind the first layers.
        frames = num_segments if index < 2 else num_segments // 2
        weight = Moments.of(torch.rand(20, frames, groups) + 0.5)
        layers.append(LayerRecord(f'layer{index}', 4.0, True, Moments.of(offset).spread(), weight.spread()))
    return InterlacingRecord(20, layers)


def texts(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


@pytest.mark.parametrize(('num_layers', 'groups'), [(8, 2), (33, 4), (1, 1)])
def test_offsets_by_layer_and_group(tmp_path, num_layers, groups):
    data = record(num_layers, groups=groups)
    figure = draw_offsets(data, 'run')
    (axis,) = figure.axes
    lines = {line.get_label(): line for line in axis.lines}
    for group in range(groups):
        drawn = lines[f'group {group + 1}, mean'].get_ydata()
        np.testing.assert_allclose(drawn, [layer.offset.mean[group] for layer in data.layers])
    assert [label.get_text() for label in axis.get_xticklabels()] == [layer.name for layer in data.layers]
    assert axis.get_ylabel() == 'offset (frames), within ±4'
    assert {'± 1 standard deviation', 'smallest to largest', 'group 1, mean'} <= set(texts(figure))
    for suffix in ('png', 'svg'):
        figure.savefig(tmp_path / f'offsets.{suffix}')
        assert (tmp_path / f'offsets.{suffix}').stat().st_size > 5000


def test_weights_by_frame_layer_and_group():
    data = record(5)
    figure = draw_weights(data, 'run')
    overall, *maps = figure.axes
    assert [axis.get_title() for axis in maps] == ['group 1', 'group 2', '']
    cells = maps[0].collections[0].get_array().reshape(5, 8)
    np.testing.assert_allclose(cells[0], data.layers[0].weight.mean[:, 0])
    np.testing.assert_allclose(cells[4, ::2], data.layers[4].weight.mean[:, 0])
    assert overall.get_ylabel() == maps[2].get_ylabel() == 'mean weight'
    assert 'group 2, mean of layers' in texts(figure)


def test_arrows_go_from_source_to_target():
    offset = torch.tensor([[1.0, -2.5, -1.0, 2.5]])
    weight = torch.ones(1, 4, 4)
    weight[0, 3, 0] = 0.5
    clip = InterlacedClip(
        frames=np.zeros((4, 20, 30, 3), np.uint8),
        offset=offset[0].numpy(),
        matrix=interlace_matrix(offset, weight, 4)[0].numpy(),
        groups=2,
    )
    figure = draw_interlaced_clip(clip, 'clip')
    strip, *lanes = figure.axes
    assert len(strip.images) == 4
    ends = [[arrow._posA_posB for arrow in lane.patches] for lane in lanes]
    arrows = [{source[0]: target[0] for source, target in ends[lane]} for lane in (0, 2)]
    assert arrows == [{1: 2, 2: 3, 3: 4}, {2: 1, 3: 2, 4: 3}]
    widths = [arrow.get_linewidth() for arrow in lanes[0].patches]
    assert widths[0] == widths[1] > widths[2]
    # A shift by 2.5 frames spreads each frame over two targets, one of which may lie outside.
    assert len(lanes[1].patches) == 3
    assert [lane.get_ylabel() for lane in lanes] == [
        'group 1\n+1.00 frames',
        'group 2\n-2.50 frames',
        'group 1, reversed\n-1.00 frames',
        'group 2, reversed\n+2.50 frames',
    ]
    assert 'leaves the clip, or nothing arrives' in texts(figure)


def test_clip_of_optical_flow_is_drawn_without_pictures():
    layer = TemporalInterlace(16, num_segments=4)
    offset, weight = torch.ones(1, 2), torch.ones(1, 4, 2)
    clip = interlaced_by(layer, offset, weight, torch.zeros(4, 10, 20, 30, dtype=torch.uint8))
    figure = draw_interlaced_clip(clip, 'flow')
    assert [lane.get_ylabel() for lane in figure.axes] == [
        'group 1\n+1.00 frames',
        'group 2\n+1.00 frames',
        'group 1, reversed\n-1.00 frames',
        'group 2, reversed\n-1.00 frames',
    ]
    assert not any(axis.images for axis in figure.axes)
    assert figure.axes[0].get_title() == 'flow'
