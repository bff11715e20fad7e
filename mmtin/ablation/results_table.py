"""What an ablation found: a table, its numbers and a chart."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tabulate import tabulate

from mmtin.ablation.variants import VARIANTS
from mmtin.errors import UserError
from mmtin.files.whole import whole_files

METRIC = 'acc/top1'
TOP1_AXIS = 'top-1 on held-out clips (%): mean and each seed'


def read_results(work_dir: Path) -> list[dict[str, Any]]:
    """The finished runs in ``work_dir``, in the order of VARIANTS, then by seed.

    Raises:
        UserError: if there is none.
    """
    results = [json.loads(file.read_text()) for file in work_dir.glob('*/seed*/result.json')]
    if not results:
        raise UserError(f'no finished run in {work_dir}; run `tools/ablate.py --work-dir {work_dir}` first')
    order = list(VARIANTS)
    return sorted(results, key=lambda result: (order.index(result['variant']), result['seed']))


def table(results: Sequence[dict[str, Any]]) -> str:
    """A Markdown table with one row a variant.

    Top-1 in per cent as mean and sample standard deviation over the seeds, the single values in the order
    of their seeds, millions of parameters of the backbone, and minutes of training of one run.
    """
    rows = []
    for variant, runs in _by_variant(results).items():
        values = [_per_cent(run) for run in runs]
        spread = f' ± {stdev(values):.1f}' if len(values) > 1 else ''
        rows.append(
            (
                VARIANTS[variant].label,
                f'{mean(values):.1f}{spread}',
                ', '.join(f'{value:.1f}' for value in values),
                len(values),
                f'{runs[0]["parameters"] / 1e6:.2f}',
                f'{mean(run["minutes"] for run in runs):.1f}',
            )
        )
    headers = ('variant', 'top-1 (%)', 'each seed', 'seeds', 'parameters (M)', 'minutes a run')
    return tabulate(rows, headers, tablefmt='github', disable_numparse=True)


def caption(work_dir: Path, results: Sequence[dict[str, Any]]) -> str:
    """In one line, what all runs share."""
    settings = json.loads((work_dir / 'ablation.json').read_text())
    data, seeds = settings['data'], sorted({run['seed'] for run in results})
    kind = data['made'].get('difficulty', 'easy') if data['made'] else 'own'
    return (
        f'{settings["config"]}, {settings["epochs"]} epochs, seeds {", ".join(map(str, seeds))}, '
        f'{data["train_clips"]} training and {data["val_clips"]} held-out clips of {data["classes"]} '
        f'classes ({kind} set), {sum(run["minutes"] for run in results):.0f} minutes of training in all'
    )


def write_csv(results: Sequence[dict[str, Any]], file: Path) -> None:
    """One row a run."""
    with file.open('w', newline='') as stream:
        writer = csv.writer(stream)
        writer.writerow(('variant', 'seed', 'top1', 'parameters', 'minutes'))
        for run in results:
            top1 = f'{run["metrics"][METRIC]:.4f}'
            writer.writerow((run['variant'], run['seed'], top1, run['parameters'], f'{run["minutes"]:.2f}'))


def chart(results: Sequence[dict[str, Any]], title: str) -> Figure:
    """A dot for each run and a bar for the mean of each variant."""
    values = {
        VARIANTS[variant].label: [_per_cent(run) for run in runs]
        for variant, runs in _by_variant(results).items()
    }
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.36 * len(values)), layout='constrained')
    draw_variants(axes, values)
    axes.set_xlabel(TOP1_AXIS)
    axes.set_title(title, fontsize='small', loc='left')
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


def write_report(work_dir: Path) -> str:
    """Write ``ablation.{md,csv,png,svg}`` into ``work_dir`` and return the table with its caption."""
    results = read_results(work_dir)
    text = f'{table(results)}\n\n{caption(work_dir, results)}\n'
    files = (work_dir / f'ablation.{ending}' for ending in ('md', 'csv', 'png', 'svg'))
    # The same numbers make the same bytes.
    with whole_files(*files) as (md, csv, png, svg), plt.rc_context({'svg.hashsalt': 'mmtin'}):
        md.write_text(text, encoding='utf-8')
        write_csv(results, csv)
        figure = chart(results, f'{len(results)} runs')
        figure.savefig(png, format='png', dpi=120)
        figure.savefig(svg, format='svg', metadata={'Date': None})
        plt.close(figure)
    return text


def _by_variant(results: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for run in results:
        groups.setdefault(run['variant'], []).append(run)
    return groups


def _per_cent(run: dict[str, Any]) -> float:
    return 100 * run['metrics'][METRIC]
