"""Curves of runs."""

import re
from collections.abc import Mapping

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from mmtin.interlacing.figures import GROUP_COLOURS
from mmtin.report.logs import Curves

_OFFSET = re.compile(r'^interlacing/(.+)/group(\d+)/offset_mean$')
_DEPTH = LinearSegmentedColormap.from_list('depth', [GROUP_COLOURS[0], GROUP_COLOURS[1]])
_FEW_POINTS = 30  # are marked individually


def run_colour(index: int) -> str:
    """The colour of a run in all curves."""
    return GROUP_COLOURS[index % len(GROUP_COLOURS)]


def draw_curve(runs: Mapping[str, Curves], name: str) -> Figure:
    """One scalar over the iterations of each run that has it."""
    figure = Figure(figsize=(3.6, 2.4), layout='constrained')
    axis = figure.subplots()
    for index, (run, curves) in enumerate(runs.items()):
        if name in curves:
            points = curves[name]
            marker = '.' if len(points) <= _FEW_POINTS else ''
            axis.plot(*points.T, marker=marker, color=run_colour(index), linewidth=1.6, label=run)
    axis.set_title(name, fontsize=11, parse_math=False)
    axis.set_xlabel('iteration')
    axis.grid(alpha=0.25)
    return figure


def draw_offset_curves(curves: Curves) -> Figure | None:
    """The mean offset of each layer in training, one panel per learned group; None without such scalars."""
    found = [
        (*_OFFSET.match(name).groups(), points) for name, points in curves.items() if _OFFSET.match(name)
    ]
    if not found:
        return None
    layers = list(dict.fromkeys(layer for layer, _, _ in found))
    groups = sorted({int(group) for _, group, _ in found})
    figure = Figure(figsize=(3 + 3.6 * len(groups), 3.4), layout='constrained')
    axes = np.atleast_1d(figure.subplots(1, len(groups), sharey=True))
    named = set(layers[:: -(-len(layers) // 10)]) | {layers[-1]}
    for layer, group, points in found:
        colour = _DEPTH(layers.index(layer) / max(1, len(layers) - 1))
        label = layer if layer in named and int(group) == groups[0] else None
        axes[groups.index(int(group))].plot(*points.T, color=colour, linewidth=1.6, label=label)
    for group, axis in zip(groups, axes):
        axis.set_title(f'group {group}', fontsize=11)
        axis.set_xlabel('iteration')
        axis.grid(alpha=0.25)
    axes[0].set_ylabel('mean offset in a batch (frames)')
    figure.legend(loc='outside right center', frameon=False, fontsize=9)
    return figure
