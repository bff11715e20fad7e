"""A chart of accuracy against the cost of a video; the area of a bubble shows the parameters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

_POINTS_PER_MPARAM = 7  # area of a bubble, square points
# Places of a label beside its bubble, best first: horizontal, vertical, alignments.
_PLACES = (
    (1, 0, 'left', 'center'),
    (-1, 0, 'right', 'center'),
    (0, 1, 'center', 'bottom'),
    (0, -1, 'center', 'top'),
    (0.75, 0.75, 'left', 'bottom'),
    (0.75, -0.75, 'left', 'top'),
    (-0.75, 0.75, 'right', 'bottom'),
    (-0.75, -0.75, 'right', 'top'),
)


@dataclass(frozen=True)
class Bubble:
    """A model in the chart.

    Attributes:
        label: its name.
        gflops: multiply-adds of one video, 1e9.
        mparams: parameters, 1e6.
        accuracy: top-1, per cent.
        family: models of one family share a colour.
        measured: False for a published accuracy; its bubble is hollow.
    """

    label: str
    gflops: float
    mparams: float
    accuracy: float
    family: str
    measured: bool = False


def draw_bubble_chart(panels: dict[str, Sequence[Bubble]]) -> Figure:
    """Draw panels side by side, with axes of their own and shared colours.

    Args:
        panels: bubbles by the title of their panel; at least one each.
    """
    families = list(dict.fromkeys(bubble.family for bubbles in panels.values() for bubble in bubbles))
    colours = {family: f'C{index}' for index, family in enumerate(families)}
    widths = [2, *[1] * (len(panels) - 1)]
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(4.5 * sum(widths) + 1, 6.5),
        width_ratios=widths,
        squeeze=False,
        layout='constrained',
    )
    for axis, (title, bubbles) in zip(axes[0], panels.items()):
        _draw_panel(axis, bubbles, colours)
        axis.set_title(title, loc='left', parse_math=False)
        axis.set_xlabel('multiply-adds of one video (G, logarithmic)')
    axes[0, 0].set_ylabel('top-1 accuracy (%)')
    _legend(axes[0, 0], colours)
    # Labels are placed between bubbles, whose pixels are known only after the layout.
    figure.draw_without_rendering()
    for axis, bubbles in zip(axes[0], panels.values()):
        _label(axis, bubbles)
    return figure


def _draw_panel(axis: Axes, bubbles: Sequence[Bubble], colours: dict[str, str]) -> None:
    axis.set_xscale('log')
    # Large ones first, so that no bubble hides another.
    for bubble in sorted(bubbles, key=lambda bubble: -bubble.mparams):
        colour = colours[bubble.family]
        axis.scatter(
            bubble.gflops,
            bubble.accuracy,
            s=_POINTS_PER_MPARAM * bubble.mparams,
            facecolor=to_rgba(colour, 0.75 if bubble.measured else 0.08),
            edgecolor=colour,
            linewidth=1.2,
        )
    axis.margins(0.18, 0.1)
    low, high = axis.get_xlim()
    if high < 4 * low:  # similar costs should look similar
        middle = math.sqrt(low * high)
        axis.set_xlim(middle / 2, middle * 2)
    axis.grid(alpha=0.25)
    axis.set_axisbelow(True)
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:g}'))
    axis.xaxis.set_minor_formatter(NullFormatter())


def _legend(axis: Axes, colours: dict[str, str]) -> None:
    handles = [axis.scatter([], [], color=colour, label=family) for family, colour in colours.items()]
    handles += [
        axis.scatter([], [], facecolor='none', edgecolor='grey', label='accuracy published'),
        axis.scatter([], [], facecolor='grey', edgecolor='grey', label='accuracy measured here'),
    ]
    handles += [
        axis.scatter(
            [],
            [],
            s=_POINTS_PER_MPARAM * mparams,
            facecolor='none',
            edgecolor='grey',
            label=f'{mparams}M parameters',
        )
        for mparams in (25, 50)
    ]
    # Outside, so that it covers no bubble.
    legend = axis.figure.legend(
        handles=handles, loc='outside lower center', ncols=6, fontsize=9, frameon=False
    )
    for text in legend.get_texts():
        text.set_parse_math(False)  # legend() takes no such argument


def _label(axis: Axes, bubbles: Sequence[Bubble]) -> None:
    """Put each label at its first place where it covers no bubble and no label."""
    renderer = axis.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    scale = axis.figure.dpi / 72
    radii = [math.sqrt(_POINTS_PER_MPARAM * bubble.mparams / math.pi) for bubble in bubbles]  # points
    taken = []
    for bubble, radius in zip(bubbles, radii):
        x, y = axis.transData.transform((bubble.gflops, bubble.accuracy))
        half = 0.8 * scale * radius
        taken.append(Bbox.from_extents(x - half, y - half, x + half, y + half))
    frame = axis.get_window_extent(renderer)
    for bubble, radius in zip(bubbles, radii):
        text = axis.annotate(
            bubble.label,
            (bubble.gflops, bubble.accuracy),
            (0, 0),
            textcoords='offset points',
            fontsize=8.5,
            parse_math=False,
        )
        choices = []
        for rank, (right, up, horizontal, vertical) in enumerate(_PLACES):
            offset = (right * (radius + 2), up * (radius + 2))
            text.set(position=offset, ha=horizontal, va=vertical)
            box = text.get_window_extent(renderer)
            outside = box.width * box.height - _overlap(box, frame)
            covered = sum(_overlap(box, other) for other in taken) + 10 * outside
            choices.append((covered, rank, offset, horizontal, vertical, box))
        *_, offset, horizontal, vertical, box = min(choices, key=lambda choice: choice[:2])
        text.set(position=offset, ha=horizontal, va=vertical)
        taken.append(box)


def _overlap(one: Bbox, two: Bbox) -> float:
    common = Bbox.intersection(one, two)
    return 0.0 if common is None else common.width * common.height
