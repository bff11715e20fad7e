"""Write runs as one self-contained HTML file."""

import difflib
from collections.abc import Callable, Sequence

import numpy as np

from mmtin.interlacing.figures import draw_offsets, draw_weights
from mmtin.pages.html import page_svg, templates
from mmtin.report.confusion import confusion_counts, is_single_label, most_confused
from mmtin.report.curves import draw_curve, draw_offset_curves, run_colour
from mmtin.report.run import Run

_PAIRS = 10  # number of most confused pairs listed
_MATRIX_CLASSES = 12


def render_page(runs: Sequence[Run], title: str) -> str:
    """The page for one run, or several side by side; their names must differ."""
    return (
        templates('mmtin.report')
        .get_template('page.html')
        .render(
            title=title,
            runs=[
                dict(
                    run=run,
                    colour=run_colour(index),
                    confusion=_confusion(run),
                    figures=_interlacing_figures(run),
                    config_changes=_changes(runs[0], run) if index else None,
                )
                for index, run in enumerate(runs)
            ],
            curves=_curves(runs),
            metrics=_table([_metrics(run) for run in runs], _metric),
            environment=_table([run.environment for run in runs], lambda name, value: str(value)),
        )
    )


def _curves(runs: Sequence[Run]) -> list:
    """A figure for each scalar that a run logged, losses first.

    Scalars of a single point are left out, and so is a part of the loss that equals the loss.
    """
    by_run = {run.name: run.curves for run in runs}
    names = dict.fromkeys(name for run in runs for name in run.curves)
    shown = [
        name
        for name in names
        if not name.startswith('interlacing/') and any(len(run.curves.get(name, ())) > 1 for run in runs)
    ]
    if all(_same(curves.get('loss'), curves.get('loss_cls')) for curves in by_run.values()):
        shown = [name for name in shown if name != 'loss_cls']
    shown.sort(key=lambda name: ('loss' not in name, 'acc' not in name))
    return [page_svg(draw_curve(by_run, name), f'{name} by iteration') for name in shown]


def _same(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None:
        return second is None
    return np.array_equal(first, second)


def _interlacing_figures(run: Run) -> list:
    """The offsets and weights of the TIN layers at the end, and the offsets during training."""
    if run.record is None or not run.record.layers:
        return []
    figures = [
        page_svg(
            draw_offsets(run.record, run.name), f'offsets of {run.name} by layer and group, in frames'
        ),
        page_svg(draw_weights(run.record, run.name), f'weights of {run.name} by frame, layer and group'),
    ]
    training = draw_offset_curves(run.curves)
    if training is not None:
        figures.append(page_svg(training, f'mean offsets of {run.name} by iteration, in frames'))
    return figures


def _confusion(run: Run) -> dict | None:
    """The most confused pairs, and the confusion matrix of their classes."""
    if not run.predictions or not is_single_label(run.predictions):
        return None
    pairs = most_confused(run.predictions, _PAIRS)
    classes = list(dict.fromkeys(label for pair in pairs for label in (pair.true, pair.predicted)))
    classes = sorted(classes[:_MATRIX_CLASSES])
    counts = confusion_counts(run.predictions)
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    rows = [(true, list(zip(counts[true, classes].tolist(), shares[true, classes]))) for true in classes]
    return dict(pairs=pairs, classes=classes, rows=rows)


def _changes(first: Run, run: Run) -> list[str]:
    """The lines in which the config of ``run`` differs from that of ``first``."""
    lines = difflib.unified_diff(
        first.config.splitlines(), run.config.splitlines(), first.name, run.name, lineterm='', n=2
    )
    return list(lines)


def _table(columns: Sequence[dict], show: Callable[[str, object], str]) -> list[tuple[str, list[str]]]:
    """Rows with a name and its value in each column."""
    names = dict.fromkeys(name for column in columns for name in column)
    return [
        (name, [show(name, column[name]) if name in column else '-' for column in columns])
        for name in names
    ]


def _metrics(run: Run) -> dict[str, float]:
    """The metrics of a run, and the number of clips."""
    return run.metrics | ({} if run.num_clips is None else {'clips': run.num_clips})


def _metric(name: str, value: object) -> str:
    """Accuracies in per cent."""
    if not isinstance(value, float):
        return str(value)
    return f'{100 * value:.2f} %' if name.startswith('acc/') else f'{value:.4g}'
