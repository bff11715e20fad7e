"""Train and test every variant with every seed, each run in processes of its own, resumable."""

import copy
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.utils import import_modules_from_strings

from mmtin.ablation.variants import VARIANTS
from mmtin.datasets.list_files import read_class_list, read_clip_list
from mmtin.errors import UserError
from mmtin.files.whole import write_whole
from mmtin.scores import latest_test_result

# Entries of the trunk's config that a variant replaces.
_TEMPORAL = {'type', 'num_segments', 'shift_div', 'groups', 'reverse', 'max_offset', 'initial_offset'}
_POLL = 0.5  # seconds


class AblationRun(NamedTuple):
    """One variant trained with one seed; all that it leaves is in ``folder``."""

    variant: str
    seed: int
    folder: Path

    @property
    def result_file(self) -> Path:
        return self.folder / 'result.json'

    def __str__(self) -> str:
        return f'{self.variant}, seed {self.seed}'


def plan(work_dir: Path, variants: Iterable[str], seeds: Iterable[int]) -> list[AblationRun]:
    """The runs, seed by seed, so that an ablation cut short compares all variants on the same seeds."""
    variants = list(variants)
    return [AblationRun(v, seed, work_dir / v / f'seed{seed}') for seed in seeds for v in variants]


def describe_data(root: Path) -> dict[str, Any]:
    """What a folder in the form of ``tools/make_demo_data.py`` holds.

    Raises:
        UserError: if it is no such folder.
    """
    for name in ('train', 'val', 'labels'):
        if not (root / f'{name}.txt').is_file():
            raise UserError(
                f'no data set in {root}: expected train.txt, val.txt and labels.txt as '
                f'`tools/make_demo_data.py --out {root}` writes them (there is no {name}.txt)'
            )
    train, val = (read_clip_list(root / f'{name}.txt') for name in ('train', 'val'))
    labels = read_class_list(root / 'labels.txt')
    summary = root / 'dataset.json'
    made = json.loads(summary.read_text()) if summary.exists() else {}
    return dict(train_clips=len(train), val_clips=len(val), classes=len(labels), made=made)


def claim(work_dir: Path, settings: dict[str, Any]) -> None:
    """Note in ``work_dir`` what all its runs share, or check that it is the same as before.

    Raises:
        UserError: if the folder holds runs with other settings or something else.
    """
    file = work_dir / 'ablation.json'
    if file.exists():
        before = json.loads(file.read_text())
        differing = [name for name in settings if before.get(name) != settings[name]]
        if differing:
            changes = '; '.join(f'{name} {before.get(name)} -> {settings[name]}' for name in differing)
            raise UserError(
                f'{work_dir} holds runs with other settings ({changes}); choose another --work-dir'
            )
        return
    if work_dir.exists() and (not work_dir.is_dir() or any(work_dir.iterdir())):
        raise UserError(f'{work_dir} holds something else than an ablation; choose another --work-dir')
    work_dir.mkdir(parents=True, exist_ok=True)
    _write_json(file, settings)


def run_config(base: Config, run: AblationRun, data_root: Path, num_classes: int, epochs: int) -> Config:
    """The experiment ``base`` with the backbone and seed of ``run``, on the videos in ``data_root``."""
    cfg = copy.deepcopy(base)
    variant = VARIANTS[run.variant]
    trunk = cfg.model.backbone
    backbone = {key: value for key, value in trunk.items() if key not in _TEMPORAL} | dict(variant.backbone)
    if variant.is_temporal:
        backbone['num_segments'] = cfg.model.cls_head.num_segments
    cfg.model.backbone = backbone
    cfg.model.cls_head.num_classes = num_classes
    cfg.custom_imports = dict(imports=['mmtin', *variant.imports], allow_failed_imports=False)
    for name, split in (('train_dataloader', 'train'), ('test_dataloader', 'val')):
        cfg[name].dataset.ann_file = str(data_root / f'{split}.txt')
        cfg[name].dataset.data_prefix = dict(video=str(data_root))
    # The held-out clips are scored once, in the end.
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_epochs=epochs)
    for scheduler in cfg.param_scheduler:
        if 'total_steps' in scheduler:
            scheduler.total_steps = epochs
    cfg.randomness = dict(seed=run.seed)
    cfg.work_dir, cfg.resume = str(run.folder), True
    cfg.default_hooks.checkpoint = dict(type='WholeCheckpointHook', interval=1, max_keep_ckpts=1)
    cfg.default_hooks.logger.interval = 10
    return cfg


def num_steps(cfg: Config, clips: int) -> int:
    """Iterations of one run on so many training clips."""
    return cfg.train_cfg.max_epochs * math.ceil(clips / cfg.train_dataloader.batch_size)


def train_and_test(
    run: AblationRun,
    cfg: Config,
    on_step: Callable[[int], None] = lambda step: None,
    keep_checkpoints: bool = False,
) -> dict[str, Any]:
    """Do what is left of ``run`` in a process of its own and return its result, which a file keeps.

    Args:
        run: which one.
        cfg: its config.
        on_step: called with the iterations done, now and then.
        keep_checkpoints: leave the trained weights in its folder.

    Raises:
        UserError: if it fails.
    """
    if run.result_file.exists():
        return json.loads(run.result_file.read_text())
    run.folder.mkdir(parents=True, exist_ok=True)
    config, last = run.folder / 'config.py', run.folder / 'last_checkpoint'
    cfg.dump(config)
    _call([sys.executable, '-m', 'mmtin.ablation', str(config)], run, on_step)
    times = _iteration_times(run.folder)
    result = dict(
        variant=run.variant,
        seed=run.seed,
        metrics=latest_test_result(run.folder).metrics,
        # Of the training alone, whatever it was interrupted by.
        minutes=max(times) * mean(times.values()) / 60,
        parameters=num_parameters(cfg),
    )
    _write_json(run.result_file, result)
    if not keep_checkpoints:
        for file in (last, *run.folder.glob('epoch_*.pth')):
            file.unlink()
    return result


def num_parameters(cfg: Config) -> int:
    """Parameters of the backbone."""
    import_modules_from_strings(**cfg.custom_imports)
    with torch.device('meta'):
        backbone = MODELS.build(cfg.model.backbone)
    return sum(parameter.numel() for parameter in backbone.parameters())


def _call(command: list[str], run: AblationRun, on_step: Callable[[int], None]) -> None:
    """Run a command, its output appended to the run's log, and end it if this function is left early."""
    # Threads that wait should sleep: where cores are shared, spinning makes training several times slower.
    env = {'OMP_WAIT_POLICY': 'PASSIVE', 'PYTHONWARNINGS': 'ignore'} | os.environ
    log = run.folder / 'output.log'
    with log.open('a') as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=env)
        try:
            while process.poll() is None:
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
    write_whole(json.dumps(content, indent=1) + '\n', file)
