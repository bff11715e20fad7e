"""The leaderboard as one HTML file with nothing from elsewhere: a table that sorts and filters, a chart."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from mmtin.leaderboard.published import Publication
from mmtin.leaderboard.rows import Row, note
from mmtin.pages.html import templates

V2 = 'Something-Something V2'
# Heading, group of figures, its name there, decimals. Published figures and those of here are never mixed.
COLUMNS = (
    ('G mult-adds', 'published', 'gflops', None),
    ('G mult-adds', 'measured', 'gflops', 1),
    ('M params', 'published', 'mparams', None),
    ('M params', 'measured', 'mparams', 2),
    ('top-1 %', 'published', 'top1', None),
    ('top-1 %', 'measured', 'top1', 1),
    ('top-5 %', 'published', 'top5', None),
    ('top-5 %', 'measured', 'top5', 1),
    ('mAP %', 'published', 'mean_ap', None),
    ('mAP %', 'measured', 'mean_ap', 2),
    ('latency ms', 'measured', 'latency', 0),
    ('memory MB', 'measured', 'memory', 0),
)


def render_page(
    publication: Publication,
    rows: Sequence[Row],
    others: Sequence[Row],
    machine: str,
    command: str,
) -> str:
    """The page.

    Args:
        publication: where the published figures are from.
        rows: of published models.
        others: experiments that were not published.
        machine: that latency and memory were measured on here, empty if they were not.
        command: that made the page, which is the source of what was measured.
    """
    here = machine or 'this machine'
    entries = [
        *(entry for row in rows for entry in _entries(row, publication, here, False)),
        *(entry for row in others for entry in _entries(row, publication, here, True)),
    ]
    return (
        templates('mmtin.leaderboard')
        .get_template('page.html')
        .render(
            publication=publication,
            entries=entries,
            columns=[column for column in COLUMNS if _is_known(entries, *column[1:3])],
            data_sets=list(dict.fromkeys(entry['data_set'] for entry in entries)),
            frames=sorted({entry['frames'] for entry in entries}, key=lambda text: (len(text), text)),
            command=command,
            here=here,
        )
    )


def _is_known(entries: Sequence[dict], group: str, name: str) -> bool:
    return any(entry[group][name] is not None for entry in entries)


def _entries(row: Row, publication: Publication, here: str, is_other: bool) -> Iterator[dict]:
    """What a line of the table shows, for each data set that the row has an accuracy on."""
    model, measured = row.published, asdict(row.measured)
    table = model.table or publication.source.rpartition(', ')[2]
    sender = 'here' if row.machine in ('', here) else row.machine
    line = dict(
        model=model.model,
        backbone=model.backbone,
        frames=model.frames,
        own=is_other or row.measured.top1 is not None or row.measured.mean_ap is not None,
        source=model.source or f'{publication.source.rpartition(", ")[0]}, {table}',
        where=sender if is_other else model.source or table,
        machine=row.machine or here,
        note=note(row),
    )
    costs = dict(gflops=model.gflops, mparams=model.mparams)
    nothing = dict(top1=None, top5=None, mean_ap=None)
    accuracies = {model.data_set: {name: getattr(model, name) for name in nothing}}
    accuracies.setdefault(V2, nothing | dict(top1=model.top1_v2, top5=model.top5_v2))
    shown = {name: found for name, found in accuracies.items() if found != nothing}
    if row.measured.top1 is not None or row.measured.mean_ap is not None or not shown:
        shown.setdefault(model.data_set, nothing)
    for data_set, found in shown.items():
        # What was measured of accuracy was measured on the row's own set.
        own = measured if data_set == model.data_set else measured | nothing
        yield line | dict(data_set=data_set, published=costs | found, measured=own)
