"""What the runs of several sets found: an overview, for each set and T a table, and a chart."""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import t as student
from tabulate import tabulate

from mmtin.ablation.records import Record
from mmtin.ablation.sets import SETS, AblationSet, Cell
from mmtin.ablation.variants import MAIN, VARIANTS
from mmtin.files.whole import whole_files

CONFIDENCE = 0.95
TOP1_AXIS = 'top-1 on held-out clips (%): mean and each seed'


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """Mean of paired differences and half the width of its interval at CONFIDENCE, by Student's t.

    The half width of fewer than two is infinite.
    """
    if len(differences) < 2:
        return mean(differences), float('inf')
    quantile = student.ppf((1 + CONFIDENCE) / 2, len(differences) - 1)
    return mean(differences), float(quantile) * stdev(differences) / sqrt(len(differences))


def to_baseline(runs: Mapping[int, Record], baseline: Mapping[int, Record]) -> str:
    """The mean difference in top-1, in points, on the seeds that both have; `` if there are none."""
    shared = sorted(runs.keys() & baseline.keys())
    if not shared or runs is baseline:
        return ''
    middle, half = interval([runs[seed].top1 - baseline[seed].top1 for seed in shared])
    if half == float('inf'):
        return f'{_points(middle)} (one pair)'
    return f'{_points(middle)} [{_points(middle - half)}, {_points(middle + half)}]'


def _points(difference: float) -> str:
    return f'{round(difference, 1) + 0.0:+.1f}'  # the sum has no -0.0


def groups(
    records: Iterable[Record], sets: Mapping[str, AblationSet] = SETS
) -> dict[tuple[str, int], dict[str, dict[int, Record]]]:
    """The records by set and T, by variant, and by seed, in the order of ``sets`` and VARIANTS."""
    names, variants = list(sets), list(VARIANTS)

    def rank(record: Record) -> tuple:
        frames = sets[record.set].frames
        place = frames.index(record.frames) if record.frames in frames else len(frames) + record.frames
        return names.index(record.set), place, variants.index(record.variant), record.seed

    found: dict[tuple[str, int], dict[str, dict[int, Record]]] = {}
    for record in sorted(records, key=rank):
        rows = found.setdefault((record.set, record.frames), {})
        rows.setdefault(record.variant, {})[record.seed] = record
    return found


def _top1(runs: Mapping[int, Record]) -> str:
    """Mean and, of several seeds, sample standard deviation; `` if there is no run."""
    values = [record.top1 for record in runs.values()]
    spread = f' ± {stdev(values):.1f}' if len(values) > 1 else ''
    return f'{mean(values):.1f}{spread}' if values else ''


def overview(records: Iterable[Record], sets: Mapping[str, AblationSet] = SETS) -> str:
    """A Markdown table with a row for each set and T on which both TIN and TSM ran: top-1 in per cent.

    Mean and sample standard deviation over the seeds, the paired difference with its interval, and the
    number of pairs.
    """
    lines = []
    for (name, frames), rows in groups(records, sets).items():
        tsn, tsm, tin = (rows.get(variant, {}) for variant in MAIN[sets[name].trunk])
        if pairs := tin.keys() & tsm.keys():
            means = _top1(tin), _top1(tsm), _top1(tsn)
            lines.append((sets[name].label, frames, *means, to_baseline(tin, tsm), len(pairs)))
    headers = ('clips', 'frames', 'TIN', 'TSM', 'TSN', 'TIN less TSM [95 %]', 'seeds')
    return tabulate(lines, headers, tablefmt='github', disable_numparse=True)


def table(rows: Mapping[str, Mapping[int, Record]]) -> str:
    """A Markdown table of one set and T with a row a variant.

    Top-1 in per cent as mean and sample standard deviation over the seeds; each seed; the paired difference
    to TSM with its interval; top-1 with the frames of every test clip in reverse; minutes of training.
    """
    lines = []
    _, tsm, _ = MAIN[VARIANTS[next(iter(rows))].trunk]
    for variant, runs in rows.items():
        lines.append(
            (
                VARIANTS[variant].label,
                _top1(runs),
                ', '.join(f'{seed}: {record.top1:.1f}' for seed, record in runs.items()),
                to_baseline(runs, rows.get(tsm, {})),
                f'{mean(record.top1_reversed for record in runs.values()):.1f}',
                f'{mean(record.minutes for record in runs.values()):.1f}',
            )
        )
    headers = ('variant', 'top-1 (%)', 'by seed', 'less TSM [95 %]', 'clips reversed (%)', 'minutes a run')
    return tabulate(lines, headers, tablefmt='github', disable_numparse=True)


def report(records: Iterable[Record], sets: Mapping[str, AblationSet] = SETS) -> str:
    """A heading and a table for each set and T."""
    parts = []
    for (name, frames), rows in groups(records, sets).items():
        runs = [record for by_seed in rows.values() for record in by_seed.values()]
        parts.append(
            f'### {name}, {frames} frames\n\n{sets[name].label[0].upper()}{sets[name].label[1:]}; '
            f'{_counted(sets[name].epochs, "epoch")}, {runs[0].clips} held-out clips; '
            f'{_counted(len(runs), "run")}, '
            f'{sum(record.minutes for record in runs):.0f} minutes of training.\n\n{table(rows)}\n'
        )
    return '\n'.join(parts)


def _counted(number: int, noun: str) -> str:
    return f'{number} {noun}' if number == 1 else f'{number} {noun}s'


def left(cells: Iterable[Cell], records: Mapping[Cell, Record]) -> str:
    """A Markdown table of the runs that are asked for and not done, with the minutes that they may take."""
    asked: dict[tuple[str, int, str], list[int]] = {}
    for cell in cells:
        if cell not in records:
            asked.setdefault(cell[:3], []).append(cell.seed)
    lines = []
    for (name, frames, variant), seeds in asked.items():
        known = [
            record.minutes for cell, record in records.items() if (cell.set, cell.frames) == (name, frames)
        ]
        minutes = f'{len(seeds) * mean(known):.0f}' if known else ''
        lines.append((name, frames, variant, ' '.join(map(str, sorted(seeds))), minutes))
    headers = ('set', 'frames', 'variant', 'seeds left', 'minutes, about')
    return tabulate(lines, headers, tablefmt='github', disable_numparse=True)


def chart(records: Iterable[Record], sets: Mapping[str, AblationSet] = SETS) -> Figure:
    """For each set and T a dot for each run and a bar for the mean of each variant."""
    found = groups(records, sets)
    heights = [len(rows) for rows in found.values()]
    figure, panels = plt.subplots(
        len(found),
        figsize=(8, 0.3 * sum(heights) + 0.9 * len(found)),
        height_ratios=heights,
        layout='constrained',
        squeeze=False,
    )
    for axes, ((name, frames), rows) in zip(panels[:, 0], found.items(), strict=True):
        values = {
            VARIANTS[variant].label: [record.top1 for record in runs.values()]
            for variant, runs in rows.items()
        }
        draw_variants(axes, values)
        axes.set_title(f'{name}, {frames} frames', fontsize='small', loc='left')
    panels[-1, 0].set_xlabel(TOP1_AXIS)
    return figure


def draw_variants(axes: Axes, values: Mapping[str, Sequence[float]]) -> None:
    """Draw a row a label, the first on top: a bar for the mean and a dot for each value, in per cent."""
    rows = list(values.items())[::-1]
    for place, (_, points) in enumerate(rows):
        axes.barh(place, mean(points), height=0.6, color='#9ecae1')
        axes.plot(points, [place] * len(points), 'o', color='#08519c', markersize=4, clip_on=False)
    axes.set_yticks(range(len(rows)), [label for label, _ in rows], fontsize='small')
    axes.set_xlim(0, 100)
    axes.spines[['top', 'right']].set_visible(False)


def write_report(records: Sequence[Record], sets: Mapping[str, AblationSet], folder: Path) -> str:
    """Write tables and chart into ``folder`` as ``ablation.{md,png,svg}``; return the tables."""
    text = report(records, sets)
    files = (folder / f'ablation.{ending}' for ending in ('md', 'png', 'svg'))
    # The same numbers make the same bytes.
    with whole_files(*files) as (md, png, svg), plt.rc_context({'svg.hashsalt': 'mmtin'}):
        md.write_text(text, encoding='utf-8')
        figure = chart(records, sets)
        figure.savefig(png, format='png', dpi=120)
        figure.savefig(svg, format='svg', metadata={'Date': None})
        plt.close(figure)
    return text
