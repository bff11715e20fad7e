"""Figures of the learned offsets and weights by layer and group (paper, Figure 5)."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmtin.interlacing.record import InterlacingRecord, LayerRecord

# Readable on white and on black, and distinguishable by colour-blind readers.
GROUP_COLOURS = ('#3b7dd8', '#d9822b', '#2f9e6e', '#b558c2', '#c94f4f', '#7a7f87')
# Up to this many frames, values are written into the cells of a heat map.
_MAX_WRITTEN_FRAMES = 8


def group_colour(group: int) -> str:
    """The colour of a learned group, counted from 0, in all figures."""
    return GROUP_COLOURS[group % len(GROUP_COLOURS)]


def draw_offsets(record: InterlacingRecord, title: str) -> Figure:
    """Mean, standard deviation and range of the offsets over clips, by layer and learned group."""
    layers = record.layers
    figure = Figure(figsize=(max(7.5, 0.42 * len(layers) + 2), 4.6), layout='constrained')
    axis = figure.subplots()
    groups, several = len(layers[0].offset.mean), record.num_clips > 1
    positions = np.arange(len(layers))
    for group in range(groups):
        mean, std, low, high = (
            np.array([getattr(layer.offset, name)[group] for layer in layers])
            for name in ('mean', 'std', 'min', 'max')
        )
        x = positions + 0.3 * ((group + 0.5) / groups - 0.5) * 2
        colour = group_colour(group)
        if several:
            axis.vlines(x, low, high, color=colour, linewidth=1)
            axis.vlines(x, mean - std, mean + std, color=colour, linewidth=7, alpha=0.5)
        label = f'group {group + 1}{", mean" if several else ""}'
        axis.plot(x, mean, 'o', color=colour, markersize=5, label=label)
    axis.axhline(0, color='#7a7f87', linewidth=0.8)
    axis.set_xticks(
        positions, [layer.name for layer in layers], rotation=90 if len(layers) > 9 else 0, fontsize=9
    )
    note = 'Positive: features move to later frames.'
    if layers[0].reverse:
        note += ' Each group has a twin with the opposite offset.'
    axis.set_xlabel(f'residual block, from the input on\n{note}', fontsize=9)
    limits = sorted({layer.max_offset for layer in layers})
    axis.set_ylabel(f'offset (frames), within ±{" or ±".join(f"{limit:g}" for limit in limits)}')
    axis.grid(axis='y', alpha=0.25)
    axis.set_title(f'{title}: offsets {_over(record)}', fontsize=11, parse_math=False)
    marks = [
        Line2D([], [], color='#7a7f87', linewidth=7, alpha=0.5, label='± 1 standard deviation'),
        Line2D([], [], color='#7a7f87', linewidth=1, label='smallest to largest'),
    ]
    handles = [*axis.get_legend_handles_labels()[0], *(marks if several else ())]
    figure.legend(
        handles=handles, loc='outside lower center', ncols=min(len(handles), 4), frameon=False, fontsize=9
    )
    return figure


def draw_weights(record: InterlacingRecord, title: str) -> Figure:
    """The mean weight of each frame: over all layers, and by layer for each learned group."""
    layers = record.layers
    num_segments = max(len(layer.weight.mean) for layer in layers)
    # [L, T, G]
    weights = np.stack([_frame_weights(layer, num_segments) for layer in layers])
    groups = weights.shape[2]
    widths = [max(4, 0.4 * num_segments)] + [0.45 * num_segments] * groups  # inches
    height = max(3.6, 0.28 * len(layers) + 1.6)
    figure = Figure(figsize=(sum(widths) + 2, height), layout='constrained')
    overall, *maps = figure.subplots(1, 1 + groups, width_ratios=widths)
    frames = np.arange(1, num_segments + 1)
    for group in range(groups):
        colour, values = group_colour(group), weights[:, :, group]
        overall.fill_between(frames, values.min(0), values.max(0), color=colour, alpha=0.15, linewidth=0)
        overall.plot(frames, values.mean(0), 'o-', color=colour, label=f'group {group + 1}, mean of layers')
    overall.fill_between(
        [], [], [], color='#7a7f87', alpha=0.3, linewidth=0, label='lowest to highest layer'
    )
    overall.axhline(1, color='#7a7f87', linewidth=0.8, linestyle=':', label='untrained')
    overall.set_xlabel('frame of the clip')
    overall.set_ylabel('mean weight')
    overall.set_xticks(frames)
    overall.grid(axis='y', alpha=0.25)
    figure.legend(loc='outside lower left', ncols=groups + 2, frameon=False, fontsize=9)
    reach = max(0.05, float(np.nanmax(np.abs(weights - 1), initial=0)))
    for group, axis in enumerate(maps):
        mesh = axis.pcolormesh(
            frames,
            np.arange(len(layers)),
            weights[:, :, group],
            cmap='RdBu_r',
            vmin=1 - reach,
            vmax=1 + reach,
        )
        axis.invert_yaxis()
        axis.set_title(f'group {group + 1}', fontsize=10)
        axis.set_xticks(frames)
        axis.set_xlabel('frame of the clip')
        axis.set_yticks(
            range(len(layers)), [layer.name for layer in layers] if group == 0 else [], fontsize=8
        )
        if num_segments <= _MAX_WRITTEN_FRAMES:
            for (layer, frame), value in np.ndenumerate(weights[:, :, group]):
                shade = '#ffffff' if abs(value - 1) > 0.65 * reach else '#16181d'
                axis.text(
                    frame + 1, layer, f'{value:.2f}', ha='center', va='center', fontsize=7, color=shade
                )
    figure.colorbar(mesh, ax=maps, label='mean weight', shrink=0.9)
    figure.suptitle(f'{title}: weight of each frame {_over(record)}', fontsize=11, parse_math=False)
    return figure


def _over(record: InterlacingRecord) -> str:
    return f'over {record.num_clips} clips' if record.num_clips > 1 else 'of one clip'


def _frame_weights(layer: LayerRecord, num_segments: int) -> np.ndarray:
    """Mean weights ``[T, G]``, T = ``num_segments``; after temporal pooling a frame stands for several."""
    return np.repeat(layer.weight.mean, num_segments // len(layer.weight.mean), axis=0)
