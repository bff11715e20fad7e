"""Read the results of `mim test` in a work directory, and compare experiments in a table."""

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from tabulate import tabulate

from mmtin.errors import UserError
from mmtin.scores.tested_on import differences, tested_on
from mmtin.work_dirs import last_checkpoint

NO_METRICS = {'time', 'data_time'}  # logged beside the metrics of a test


@dataclass(frozen=True)
class TestResult:
    """One test run: its experiment, metrics by name as fractions, tested checkpoint, log and config.

    The checkpoint is None if the log names none and no training left one, the config if mmengine wrote
    none.
    """

    __test__ = False  # not a test case, in spite of the name

    experiment: str
    metrics: dict[str, float]
    checkpoint: Path | None
    log: Path
    config: Path | None = None


def latest_test_result(work_dir: str | Path) -> TestResult:
    """The newest test run in a work directory of mmengine's Runner.

    Raises:
        UserError: if there is none.
    """
    work_dir = Path(work_dir)
    files = _logged_tests(work_dir)
    if not files:
        raise UserError(
            f'no test result in {work_dir}: expected <timestamp>/<timestamp>.json as `mim test '
            f'mmtin CONFIG --checkpoint FILE --work-dir {work_dir}` writes it'
        )
    try:
        metrics = json.loads(files[-1].read_text())
    except json.JSONDecodeError as error:
        raise UserError(f'{files[-1]} is cut off or damaged ({error}); test again') from error
    config = files[-1].with_name('vis_data') / 'config.py'
    log = files[-1].with_suffix('.log')
    return TestResult(
        experiment=work_dir.name,
        metrics=metrics,
        checkpoint=tested_checkpoint(log) or _trained_checkpoint(work_dir),
        log=log,
        config=config if config.is_file() else None,
    )


def is_tested(work_dir: str | Path) -> bool:
    """Whether a test ran in a work directory."""
    return bool(_logged_tests(Path(work_dir)))


def _logged_tests(work_dir: Path) -> list[Path]:
    # LoggerHook writes <timestamp>/<timestamp>.json after a test alone.
    return sorted(path for path in work_dir.glob('*/*.json') if path.stem == path.parent.name)


def tested_checkpoint(log: Path) -> Path | None:
    """The checkpoint that a test loaded by its log; None if the run trained, or there is no such log.

    It is looked for in the work directory of the log, too, which may have been moved.
    """
    text = log.read_text(encoding='utf-8', errors='replace') if log.is_file() else ''
    loaded = re.findall(r'Load checkpoint from (.+)$', text, re.MULTILINE)
    trained = re.search(r'(Epoch|Iter)\(train\)', text)
    if not loaded or trained:
        return None
    path = Path(loaded[-1])
    moved = log.parents[1] / path.name
    return moved if moved.is_file() and not path.is_file() else path


def _trained_checkpoint(work_dir: Path) -> Path | None:
    """That of a training before the test in its process."""
    with suppress(UserError):
        return last_checkpoint(work_dir)
    return None


def comparison_table(results: Iterable[TestResult], metric: str | None = None) -> str:
    """A Markdown table with one row per experiment: the metric in per cent, checkpoint and log.

    A line below it names the experiments that were tested on another list or by another protocol.

    Args:
        results: of the experiments.
        metric: its name; None takes ``acc/top1`` or, if not all have it, the first that all have.

    Raises:
        UserError: if a result lacks the metric, or the results share none.
    """
    results = list(results)
    metric = metric or _shared_metric(results)
    rows = []
    for result in results:
        if metric not in result.metrics:
            raise UserError(
                f'{result.experiment} has no metric {metric}; it has {", ".join(sorted(result.metrics))}'
            )
        rows.append(
            (result.experiment, f'{100 * result.metrics[metric]:.1f}', result.checkpoint or '-', result.log)
        )
    headers = ('experiment', f'{metric} (%)', 'checkpoint', 'log')
    table = tabulate(rows, headers, tablefmt='github', disable_numparse=True)
    tests = [
        (result.experiment, tested_on(Config.fromfile(result.config)))
        for result in results
        if result.config
    ]
    return '\n\n'.join(filter(None, (table, differences(tests))))


def _shared_metric(results: Sequence[TestResult]) -> str:
    first, *others = results
    shared = [
        name
        for name in first.metrics
        if name not in NO_METRICS and all(name in result.metrics for result in others)
    ]
    if not shared:
        kinds = '; '.join(
            f'{result.experiment} has {", ".join(sorted(result.metrics))}' for result in results
        )
        raise UserError(f'the results share no metric: {kinds}; compare tests of one kind')
    return 'acc/top1' if 'acc/top1' in shared else shared[0]
