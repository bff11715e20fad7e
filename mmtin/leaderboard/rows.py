"""The paper's tables, with the figure counted, timed or tested here beside each published one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from mmtin.errors import UserError
from mmtin.leaderboard.costs import Subject, installed_config, pipeline_subject
from mmtin.leaderboard.published import Publication, PublishedModel
from mmtin.leaderboard.results import Result
from mmtin.scores.tested_on import differences, tested_on

# Columns of the table and the metrics of MMAction2 that they show.
_ACCURACIES = {
    'top1': 'acc/top1',
    'top5': 'acc/top5',
    'mean_ap': 'acc/mmit_mean_average_precision',
}

_COUNTED = {'gflops', 'mparams'}


@dataclass(frozen=True)
class Measured:
    """The figures measured here for a model; None where there is none.

    Attributes:
        gflops: counted multiply-adds of one video, 1e9.
        mparams: counted parameters, 1e6.
        top1, top5: of the test results given, per cent.
        mean_ap: for several labels per clip, the average precision within a clip, averaged over clips,
            per cent.
        latency, latency_lower, latency_upper: time of one video, ms: median and quartiles.
        memory: peak memory of one video, MB.
    """

    gflops: float | None = None
    mparams: float | None = None
    top1: float | None = None
    top5: float | None = None
    mean_ap: float | None = None
    latency: float | None = None
    latency_lower: float | None = None
    latency_upper: float | None = None
    memory: float | None = None


@dataclass(frozen=True)
class Row:
    """A published model, or an unpublished experiment, whose published figures are None.

    Attributes:
        machine: that latency and memory were measured on, or that of who sent the result; empty if
            neither is known.
        other_test: in what the test here differs from that of the config of the row, a sentence or ''.
    """

    published: PublishedModel
    measured: Measured = field(default_factory=Measured)
    machine: str = ''
    other_test: str = ''


def join(publication: Publication, results: Sequence[Result]) -> tuple[list[Row], list[Row]]:
    """The published models, with the results of their names, and a row for each other result.

    Raises:
        UserError: if two results have the same name.
    """
    names = [result.name for result in results]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f'two results are named {name}; give each its own with NAME=PATH')
    accuracies = {
        result.name: Measured(
            **{
                column: 100 * result.metrics[metric]
                for column, metric in _ACCURACIES.items()
                if metric in result.metrics
            }
        )
        for result in results
    }
    machines = {result.name: result.machine for result in results}
    tested = {result.name: result.tested for result in results if result.tested}
    rows = [
        Row(
            model,
            accuracies.pop(model.id, Measured()),
            machines.get(model.id, ''),
            _other_test(model, tested[model.id]) if model.id in tested else '',
        )
        for model in publication.models
    ]
    others = [
        Row(
            PublishedModel(
                result.name,
                result.name,
                'not published',
                result.backbone,
                result.frames,
                data_set=result.data_set,
            ),
            accuracies[result.name],
            result.machine,
        )
        for result in results
        if result.name in accuracies
    ]
    return rows, others


def _other_test(model: PublishedModel, tested: dict[str, str]) -> str:
    if model.build is None:
        return ''
    own = tested_on(installed_config(model.build.package, model.build.config))
    return differences([('the config', own), ('here', tested)])


def buildable(publication: Publication, results: Sequence[Result] = ()) -> dict[str, Subject]:
    """The recognizers that can be counted and timed, by the id of their row, or as members of ensembles."""
    own = {result.name: pipeline_subject(result.cfg) for result in results if result.cfg is not None}
    return own | {name: build.subject() for name, build in publication.builds().items()}


def fill(
    rows: Sequence[Row],
    costs: dict[str, dict[str, float]],
    results: Sequence[Result] = (),
    machine: str = '',
) -> list[Row]:
    """The rows with their costs; the cost of an ensemble is the sum of its parts.

    Memory and quartiles of latency are no sums and stay None for an ensemble, as does a latency of which
    the parts were measured on several machines.

    Args:
        rows: from :func:`join`.
        costs: measured here, by id.
        results: whose own costs count where no latency was measured here.
        machine: this one.
    """
    costs, machines = dict(costs), {}
    for result in results:
        here = costs.get(result.name, {})
        if result.costs and 'latency' not in here:
            costs[result.name] = result.costs | here
            machines[result.name] = result.machine
    filled = []
    for row in rows:
        parts = row.published.parts or (row.published.id,)
        own = [costs[part] for part in parts if part in costs]
        if len(own) == len(parts):
            where = {machines.get(part, machine) for part in parts}
            columns = set(own[0])
            if row.published.parts:
                summed = _COUNTED | {'latency'} if len(where) == 1 else _COUNTED
                columns = summed.intersection(*own)
            sums = {column: sum(cost[column] for cost in own) for column in columns}
            row = replace(row, measured=replace(row.measured, **sums))
            if 'latency' in sums:
                row = replace(row, machine=where.pop())
        filled.append(row)
    return filled


def as_records(rows: Sequence[Row]) -> list[dict[str, object]]:
    """A flat dictionary per row: what it is, ``published_*``, ``measured_*``, machine and note."""
    records = []
    for row in rows:
        model = row.published
        record: dict[str, object] = {
            'id': model.id,
            'model': model.model,
            'backbone': model.backbone,
            'frames': model.frames,
            'source': model.source,
            'data_set': model.data_set,
            'table': model.table,
        }
        for column in ('gflops', 'mparams', 'top1', 'top5', 'mean_ap', 'top1_v2', 'top5_v2'):
            record[f'published_{column}'] = getattr(model, column)
        record |= {f'measured_{column}': value for column, value in asdict(row.measured).items()}
        records.append(record | {'machine': row.machine, 'note': note(row)})
    return records


def note(row: Row) -> str:
    """A note on a row: where its test or counts differ from the published ones, and why."""
    model, measured = row.published, row.measured
    texts = [row.other_test] if row.other_test else []
    for what, published, counted, unit in (
        ('multiply-adds', model.gflops, measured.gflops, 'G'),
        ('parameters', model.mparams, measured.mparams, 'M'),
    ):
        if published is not None and counted is not None:
            # Compared in as many decimals as were published.
            decimals = len(str(published).partition('.')[2])
            if f'{counted:.{decimals}f}' != f'{published:.{decimals}f}':
                texts.append(
                    f'{counted:.{decimals + 1}f}{unit} {what} counted, {published}{unit} published.'
                )
    return ' '.join([*texts, model.note]).strip()
