"""The leaderboard as Markdown, CSV and a chart."""

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from tabulate import tabulate

from mmtin.leaderboard.bubble_chart import Bubble, draw_bubble_chart
from mmtin.leaderboard.published import Publication
from mmtin.leaderboard.rows import Measured, Row, as_records, note

_MEANING = """\
Cells with a stroke are *published / here*. Multiply-adds are those of one video, all its clips, in 1e9,
counted in convolutions and matrix products; parameters are in 1e6. Latency is the median (and quartiles)
for one video at a time in float32; memory is that of the weights and the most that one video takes besides,
in 1e6 bytes."""

_OTHER_TABLES = """\
Their costs were not published. mAP is the average precision within a clip, averaged over clips."""

_TODAY = """\
What MMAction2 builds besides, with a head for the same 174 classes. Multiply-adds and latency are those of
all views. The accuracies were published by the source named, each with its own recipe and views."""


def markdown(publication: Publication, rows: Sequence[Row], others: Sequence[Row], machine: str) -> str:
    """The leaderboard as a document.

    Args:
        publication: where the published figures are from.
        rows: of published models.
        others: experiments that were not published.
        machine: that latency and memory were measured on here, empty if they were not.
    """
    parts = [
        f'# Leaderboard: {publication.data_set}',
        f'Published figures: {publication.source}.',
        _MEANING,
        _table([row for row in rows if not row.published.source and not row.published.table], machine),
    ]
    if further := [row for row in rows if row.published.table]:
        parts += ["## The paper's other tables", _OTHER_TABLES, _table(further, machine)]
    if today := [row for row in rows if row.published.source]:
        parts += ['## Networks of today', _TODAY, _table(today, machine)]
    if others:
        parts += ['## Other experiments', _table(others, machine)]
    parts += ['## Notes', '\n'.join(f'- {line}' for line in _notes(publication, rows))]
    if machine:
        parts += [f'Measured on: {machine}.']
    return '\n\n'.join(parts) + '\n'


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write one line per row in full precision, each with the machine that it was measured on."""
    records = as_records(rows)
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, records[0])
        writer.writeheader()
        writer.writerows(records)


def chart(publication: Publication, rows: Sequence[Row], others: Sequence[Row]) -> Figure:
    """Draw top-1 accuracy against multiply-adds, with unpublished experiments in a panel of their own."""
    of_table = [row for row in rows if not row.published.table]
    panels = {publication.data_set: _bubbles(of_table), 'Other experiments': _bubbles(others)}
    return draw_bubble_chart({title: bubbles for title, bubbles in panels.items() if bubbles})


def _bubbles(rows: Sequence[Row]) -> list[Bubble]:
    """Published accuracies at published costs, else at those counted; measured ones at those counted."""
    labels = [f'{row.published.model} {row.published.frames}'.removesuffix(' -') for row in rows]
    bubbles = []
    for row, label in zip(rows, labels):
        model = row.published
        if labels.count(label) > 1:
            label = f'{label} ({model.backbone})'
        for figures, measured in ((model, False), (row.measured, True)):
            gflops = row.measured.gflops if figures.gflops is None else figures.gflops
            mparams = row.measured.mparams if figures.mparams is None else figures.mparams
            top1 = figures.top1
            if gflops is not None and mparams is not None and top1 is not None:
                bubbles.append(Bubble(label, gflops, mparams, top1, family=model.family, measured=measured))
    return bubbles


def _table(rows: Sequence[Row], machine: str) -> str:
    """The columns of which a row has something."""
    columns = {
        'table': lambda model, here: model.table,
        'data set': lambda model, here: model.table and model.data_set,
        'model': lambda model, here: model.model,
        'backbone': lambda model, here: model.backbone,
        'frames': lambda model, here: model.frames,
        'G mult-adds': lambda model, here: _pair(model.gflops, here.gflops, 1),
        'M params': lambda model, here: _pair(model.mparams, here.mparams, 2),
        'top-1 %': lambda model, here: _pair(model.top1, here.top1, 1),
        'top-5 %': lambda model, here: _pair(model.top5, here.top5, 1),
        'V2 top-1 %': lambda model, here: model.source and _text(model.top1_v2, 1),
        'V2 top-5 %': lambda model, here: model.source and _text(model.top5_v2, 1),
        'mAP %': lambda model, here: _pair(model.mean_ap, here.mean_ap, 2, absent=''),
        'latency ms': lambda model, here: _latency(here),
        'memory MB': lambda model, here: _text(here.memory, 0),
        'source': lambda model, here: model.source,
    }
    cells = {
        heading: [text(row.published, row.measured) for row in rows] for heading, text in columns.items()
    }
    cells['other machine'] = [row.machine if row.machine != machine else '' for row in rows]
    shown = {heading: texts for heading, texts in cells.items() if any(texts)}
    lines = [[text or '-' for text in line] for line in zip(*shown.values())]
    return tabulate(lines, list(shown), tablefmt='github', disable_numparse=True)


def _pair(published: float | None, here: float | None, decimals: int, absent: str = '- / -') -> str:
    if published is None and here is None:
        return absent
    return f'{"-" if published is None else published} / {_text(here, decimals)}'


def _latency(here: Measured) -> str:
    if here.latency_lower is None:
        return _text(here.latency, 0)
    return f'{here.latency:.0f} ({here.latency_lower:.0f}-{here.latency_upper:.0f})'


def _text(value: float | None, decimals: int) -> str:
    return '-' if value is None else f'{value:.{decimals}f}'


def _notes(publication: Publication, rows: Sequence[Row]) -> list[str]:
    named: dict[str, list[str]] = {}
    for row in rows:
        if text := note(row):
            named.setdefault(text, []).append(
                f'{row.published.model} {row.published.backbone} {row.published.frames}'
            )
    lines = [_shared_note(text, names) for text, names in named.items()]
    return [publication.note.strip(), *lines, *_latency_of_rtcn(rows)]


def _shared_note(text: str, names: Sequence[str]) -> str:
    """A note in one line, with the names of its rows."""
    if len(names) == 1:
        return f'{names[0]}: {text}'
    return '\n'.join([f'{text[:1].upper()}{text[1:].rstrip(".")}:', *(f'  - {name}' for name in names)])


def _latency_of_rtcn(rows: Sequence[Row]) -> list[str]:
    """Compare the paper's claim, six times the latency of TIN, with those measured on one machine."""
    found = {row.published.id: row for row in rows}
    compared = [found[f'{model}_r50_sthv1'] for model in ('rtcn', 'tin', 'tsn')]
    rtcn, tin, tsn = (row.measured.latency for row in compared)
    if None in (rtcn, tin, tsn) or len({row.machine for row in compared}) > 1:
        return []
    return [
        f'r-TCN took {rtcn / tin:.2f} times the latency of TIN, where the paper has 6: '
        f'{rtcn - tsn:.0f} ms more than TSN, the same trunk with nothing temporal, and TIN '
        f'{abs(tin - tsn):.0f} ms {"more" if tin >= tsn else "less"}.'
    ]
