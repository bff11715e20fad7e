"""The runs of several sets, some at a time, each recorded when it has finished."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

import torch
from mmengine.config import Config

from mmtin.ablation import runs
from mmtin.ablation.records import Record, append_record, read_records
from mmtin.ablation.run_process import train_and_test
from mmtin.ablation.sets import SETS, AblationSet, Cell
from mmtin.ablation.spread_runs import Training
from mmtin.cluster import spread
from mmtin.errors import UserError
from mmtin.version import __version__


class Planned(NamedTuple):
    """A run that is to be done, or was: ``record`` is None until it is."""

    cell: Cell
    run: runs.AblationRun
    cfg: Config
    command: str
    data: str
    steps: int
    record: Record | None


def plan(
    cells: Iterable[Cell],
    sets: Mapping[str, AblationSet],
    configs: Path,
    data: Path,
    work_dir: Path,
    results: Path,
) -> list[Planned]:
    """The runs with their configs, those that ``results`` has with their record.

    Args:
        cells: which ones.
        sets: those of the cells, by name.
        configs: folder of the configs.
        data: folder with a folder for each set.
        work_dir: where runs go.
        results: file of the records.

    Raises:
        UserError: if a set is not there, or a run's record or folder is of other settings or other clips.
    """
    recorded = read_records(results)
    described: dict[str, tuple] = {}
    planned = []
    for cell in cells:
        each = sets[cell.set]
        root = (data / each.folder).resolve()
        if cell.set not in described:
            if not root.is_dir():
                raise UserError(f'no folder {root}; make it with `{each.made_by}`')
            base = Config.fromfile(configs / each.config)
            described[cell.set] = base, runs.describe_data(root), runs.data_digest(root)
        base, about, digest = described[cell.set]
        folder = work_dir / f'{cell.set}_{cell.frames}f' / cell.variant / f'seed{cell.seed}'
        run = runs.AblationRun(cell.variant, cell.seed, folder.resolve())
        cfg = runs.run_config(base, run, root, about['classes'], each.epochs, cell.frames)
        record = recorded.get(cell)
        if record and (record.settings, record.data) != (runs.settings(cfg), digest):
            what = 'clips' if record.settings == runs.settings(cfg) else 'settings'
            raise UserError(
                f'{results} has a record of {cell} with other {what}; take its line out, or give another '
                '--results'
            )
        if not record:
            runs.require_same(run, cfg)
        steps = runs.num_steps(cfg, about['train_clips'])
        command = (
            f'tools/ablate.py {_named(cell.set, each)} --frames {cell.frames} --variants {cell.variant} '
            f'--seeds {cell.seed}'
        )
        planned.append(Planned(cell, run, cfg, command, digest, steps, record))
    return planned


def train(
    planned: Sequence[Planned],
    results: Path,
    jobs: int = 1,
    threads: int | None = None,
    on_step: Callable[[Planned, int], None] = lambda planned, step: None,
    keep_checkpoints: bool = False,
) -> Iterator[tuple[Planned, Record]]:
    """Do the runs that have no record, ``jobs`` at a time, and yield each with its record, which is kept.

    Args:
        planned: by :func:`plan`.
        results: file of the records.
        jobs: runs at a time.
        threads: of each of them; None leaves it to torch.
        on_step: called with a run and the iterations that it has done, now and then, from any thread.
        keep_checkpoints: leave the trained weights in the folders.

    Raises:
        UserError: if a run fails. Those that go on at that time are ended; they go on the next time.
    """
    waiting = [entry for entry in planned if entry.record is None]
    stop = threading.Event()

    def do(entry: Planned) -> Record:
        result = train_and_test(
            entry.run, entry.cfg, lambda step: on_step(entry, step), keep_checkpoints, threads, stop
        )
        return record_of(entry, result)

    with ThreadPoolExecutor(jobs) as pool:
        going: dict[Future[Record], Planned] = {}
        try:
            while waiting or going:
                while waiting and len(going) < jobs:
                    entry = waiting.pop(0)
                    going[pool.submit(do, entry)] = entry
                done, _ = wait(going, return_when=FIRST_COMPLETED)
                for future in done:
                    entry, record = going.pop(future), future.result()
                    _keep(record, results)
                    yield entry, record
        finally:
            stop.set()


def train_on_cluster(
    planned: Sequence[Planned], results: Path, address: str, keep_checkpoints: bool = False
) -> Iterator[tuple[Planned, Record]]:
    """:func:`train` on a cluster of Ray, one run at a time on each GPU or, without any, on each core."""
    waiting = [entry for entry in planned if entry.record is None]
    runs_left = [(entry.run, entry.cfg) for entry in waiting]
    for index, result in spread(Training(keep_checkpoints), runs_left, address, 1):
        record = record_of(waiting[index], result)
        _keep(record, results)
        yield waiting[index], record


def record_of(entry: Planned, result: dict) -> Record:
    """What ``results`` keeps of a finished run."""
    cell, tested = entry.cell, result['tested']
    return Record(
        set=cell.set,
        frames=cell.frames,
        variant=cell.variant,
        seed=cell.seed,
        clips=tested['forwards']['clips'],
        right=tested['forwards']['right'],
        right_reversed=tested['reversed']['right'],
        minutes=round(result['minutes'], 2),
        parameters=result['parameters'],
        settings=runs.settings(entry.cfg),
        data=entry.data,
        command=entry.command,
        versions=f'mmtin {__version__}, torch {torch.__version__}',
    )


def _named(name: str, each: AblationSet) -> str:
    """How the command line says which clips and recipe."""
    if SETS.get(name) is each:
        return f'--sets {name}'
    return f'--data {each.folder} --config {each.config} --epochs {each.epochs}'


def _keep(record: Record, results: Path) -> None:
    """Append the record, unless another command has done the same run meanwhile."""
    if record.cell not in read_records(results):
        append_record(results, record)
