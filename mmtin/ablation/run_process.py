"""Doing a run in a process of its own, which goes on from the last checkpoint."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from mmengine.config import Config

from mmtin.ablation.one_run import TESTED
from mmtin.ablation.runs import AblationRun, identity, num_parameters, require_same
from mmtin.errors import UserError
from mmtin.files.strict_json import to_json
from mmtin.files.whole import write_whole

_POLL = 0.5  # seconds


def train_and_test(
    run: AblationRun,
    cfg: Config,
    on_step: Callable[[int], None] = lambda step: None,
    keep_checkpoints: bool = False,
    threads: int | None = None,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """Do what is left of ``run`` in a process of its own and return its result, which a file keeps.

    Args:
        run: which one.
        cfg: its config.
        on_step: called with the iterations done, now and then.
        keep_checkpoints: leave the trained weights in its folder.
        threads: of its process; None leaves it to torch.
        stop: ends it when set.

    Raises:
        UserError: if it fails, or the folder has a run of another recipe or of other clips.
        KeyboardInterrupt: if ``stop`` was set.
    """
    require_same(run, cfg)
    if run.result_file.exists():
        return json.loads(run.result_file.read_text())
    run.folder.mkdir(parents=True, exist_ok=True)
    _write_json(run.identity_file, identity(cfg))
    config, last = run.folder / 'config.py', run.folder / 'last_checkpoint'
    cfg.dump(config)
    command = [sys.executable, '-m', 'mmtin.ablation', str(config), str(os.getpid())]
    _call(command, run, on_step, threads, stop or threading.Event())
    times = _iteration_times(run.folder)
    tested = json.loads((run.folder / TESTED).read_text())
    result = dict(
        variant=run.variant,
        seed=run.seed,
        tested=tested,
        # Of the training alone, whatever it was interrupted by or shared the machine with for a while.
        minutes=max(times) * median(times.values()) / 60,
        parameters=num_parameters(cfg),
    )
    _write_json(run.result_file, result)
    if not keep_checkpoints:
        for file in (last, *run.folder.glob('epoch_*.pth')):
            file.unlink()
    return result


def _call(
    command: list[str],
    run: AblationRun,
    on_step: Callable[[int], None],
    threads: int | None,
    stop: threading.Event,
) -> None:
    """Run a command, its output appended to the run's log, and end it if this function is left early."""
    # Threads that wait should sleep: where cores are shared, spinning makes training several times slower.
    env = {'OMP_WAIT_POLICY': 'PASSIVE', 'PYTHONWARNINGS': 'ignore'} | os.environ
    if threads:
        env['OMP_NUM_THREADS'] = str(threads)
    log = run.folder / 'output.log'
    with log.open('a') as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=env)
        try:
            while process.poll() is None:
                if stop.is_set():
                    raise KeyboardInterrupt
                on_step(max(_iteration_times(run.folder), default=0))
                time.sleep(_POLL)
        finally:
            process.terminate()
            process.wait()
    if process.returncode:
        lines = log.read_text().strip().splitlines() or ['no output']
        raise UserError(
            f'{run} failed with status {process.returncode}: {lines[-1]} (all of it is in {log}); once '
            'that is put right, the same command goes on from here'
        )


def _iteration_times(folder: Path) -> dict[int, float]:
    """Seconds of an iteration by its number, as logged; what was done twice counts once."""
    files = sorted(folder.glob('*/vis_data/scalars.json'))
    lines = [line for file in files for line in file.read_text().splitlines(keepends=True)]
    # The last line may still be in the writing.
    entries = [json.loads(line) for line in lines if line.endswith('\n')]
    return {entry['step']: entry['time'] for entry in entries if 'loss' in entry}


def _write_json(file: Path, content: dict[str, Any]) -> None:
    write_whole(to_json(content, indent=1) + '\n', file)
