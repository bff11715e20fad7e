"""Read everything that a report shows of one work directory."""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config

from mmtin.config import read_config, stated_num_segments
from mmtin.datasets.building import clips_dataset
from mmtin.datasets.list_files import names_of_classes, read_class_list
from mmtin.errors import UserError
from mmtin.interlacing.record import RECORD_FILE, InterlacingRecord, latest_record
from mmtin.report.confusion import (
    find_dump,
    is_single_label,
    read_predictions,
    require_same_clips,
    top1_accuracy,
)
from mmtin.report.logs import Curves, read_curves, read_environment
from mmtin.report.thumbnails import Thumbnail, best_and_worst
from mmtin.scores.dumps import ScoredClip
from mmtin.scores.results import NO_METRICS, is_tested, latest_test_result
from mmtin.work_dirs import config_file


@dataclass
class Run:
    """One run of a report.

    Attributes:
        name: of the work directory.
        config: its text.
        environment: versions and machine.
        metrics: of the last test, by name; empty without one. Seconds are left out, and so is the top-k
            accuracy of k classes or fewer, which is always 100 %.
        num_clips: of the test set, None if that is not known.
        checkpoint: path of the tested one, or None.
        curves: scalars of the training.
        record: offsets and weights; None without TIN layers.
        predictions: clips of the test set with their scores, None without a dump.
        class_names: in label order.
        best, worst: clips to look at.
        notes: sentences that say what is missing and how to get it.
    """

    name: str
    config: str
    environment: dict[str, str]
    metrics: dict[str, float] = field(default_factory=dict)
    num_clips: int | None = None
    checkpoint: Path | None = None
    curves: Curves = field(default_factory=dict)
    record: InterlacingRecord | None = None
    predictions: list[ScoredClip] | None = None
    class_names: list[str] = field(default_factory=list)
    best: list[Thumbnail] = field(default_factory=list)
    worst: list[Thumbnail] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_run(
    work_dir: Path, dump: Path | None = None, labels: Path | None = None, num_clips: int = 6
) -> Run:
    """Read a work directory of mmengine's Runner.

    A missing part becomes a note; a damaged one is an error.

    Args:
        work_dir: where ``mim train`` and ``mim test`` wrote.
        dump: scores of its test set; None takes the newest dump in the work directory.
        labels: names of the classes, one per line; None takes those of the config.
        num_clips: number of best clips to show, and of worst.

    Raises:
        UserError: if there is no run in ``work_dir``, a file is cut off, or the dump is of another set.
    """
    if not work_dir.is_dir():
        raise UserError(f'no work directory at {work_dir}; check the path')
    config = config_file(work_dir)
    run = Run(
        work_dir.resolve().name,
        config.read_text(),
        read_environment(work_dir),
        curves=read_curves(work_dir),
    )
    tested = _read_test(run, work_dir)
    if not run.curves and not run.metrics:
        raise UserError(f'nothing was trained or tested in {work_dir}, so there is nothing to report')
    if any(work_dir.glob(f'*/{RECORD_FILE}')):
        run.record = latest_record(work_dir)
    cfg = read_config(tested or config)
    names = _class_names(cfg, labels)
    _keep_what_tells(run, (cfg.model.get('cls_head') or {}).get('num_classes'))
    dump = dump or find_dump(work_dir)
    if dump is None:
        if run.metrics:
            with suppress(UserError):
                run.num_clips = len(clips_dataset(cfg))
        run.notes.append(
            'No scores of the clips: mim test mmtin CONFIG --checkpoint FILE '
            f'--work-dir {work_dir} --dump {work_dir}/predictions.pkl writes them.'
        )
        return run
    run.predictions = read_predictions(dump, names)
    run.num_clips = len(run.predictions)
    run.class_names = names or [f'class {label}' for label in range(len(run.predictions[0].scores))]
    if names is None:
        run.notes.append('No names of the classes: --labels names a file with one a line.')
    _compare_with_test(run, run.predictions)
    try:
        dataset = clips_dataset(cfg)
    except UserError as error:
        run.notes.append(f'No clips to show: {error}.')
        return run
    require_same_clips(dump, run.predictions, dataset)
    num_segments = stated_num_segments(cfg) or 8
    shown = best_and_worst(dataset, run.predictions, run.class_names, num_clips, num_segments)
    if shown is None:
        run.notes.append('No clips to show: the network sees something else than RGB frames.')
    else:
        run.best, run.worst = shown
        if not run.best:
            run.notes.append('No clips to show: fewer than two of them have a label.')
    return run


def _read_test(run: Run, work_dir: Path) -> Path | None:
    """Set the results of the last test, and return its config."""
    if not is_tested(work_dir):
        run.notes.append(
            f'Not tested: mim test mmtin CONFIG --checkpoint FILE --work-dir {work_dir} does it.'
        )
        return None
    result = latest_test_result(work_dir)
    run.metrics, run.checkpoint = result.metrics, result.checkpoint
    return result.config


def _keep_what_tells(run: Run, num_classes: int | None) -> None:
    """Remove what is no metric, and accuracies that are always 100 %."""

    def tells(name: str) -> bool:
        top = re.search(r'top(\d+)', name)
        certain = top is not None and num_classes is not None and int(top[1]) >= num_classes
        return name not in NO_METRICS and not certain

    run.metrics = {name: value for name, value in run.metrics.items() if tells(name)}
    run.curves = {name: curve for name, curve in run.curves.items() if tells(name)}


def _compare_with_test(run: Run, predictions: list[ScoredClip]) -> None:
    tested = run.metrics.get('acc/top1')
    if tested is None or not is_single_label(predictions):
        return
    dumped = top1_accuracy(predictions)
    if abs(dumped - tested) > 1e-6:
        run.notes.append(
            f'The scores give {100 * dumped:.2f} % top-1, the last test {100 * tested:.2f} %: '
            'they are not of the same test.'
        )


def _class_names(cfg: Config, labels: Path | None) -> list[str] | None:
    return read_class_list(labels) if labels else names_of_classes(cfg)
