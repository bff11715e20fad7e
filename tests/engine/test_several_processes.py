"""Several processes compute the same as one process. They run on the CPU, over gloo."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.checkpoint import read_checkpoint
from mmtin.datasets.clip_names import name_clips
from mmtin.scores.dumps import read_dump
from tests.report.tiny_run import tiny_config, write_videos
from tests.tools.own_process import run_mim

ROOT = Path(__file__).parents[2]
NUM_CLIPS = 5  # to validate on: neither 2 nor 4 processes divide them
BATCH = 4  # clips of all processes together in a step


def experiment(folder: Path, multi_label: bool = False, imports: tuple[str, ...] = ()) -> Path:
    """A config that trains for 4 steps and dumps the scores of the clips that it validates on."""
    write_videos(folder)
    cfg = tiny_config(folder, folder / 'unused')
    validation = folder / 'val.txt'
    validation.write_text('\n'.join(validation.read_text().splitlines()[:NUM_CLIPS]) + '\n')
    metric = dict(type='AccMetric')
    if multi_label:
        for part in ('train', 'val'):
            path = folder / f'{part}.txt'
            lines = [f'{line}{" 0" if index % 3 == 1 else ""}\n'
                     for index, line in enumerate(path.read_text().splitlines())]  # fmt: skip
            path.write_text(''.join(lines))
            cfg[f'{part}_dataloader'].dataset.update(multi_class=True, num_classes=2)
        cfg.model.cls_head.update(
            type='MultiLabelTSMHead', multi_class=True, loss_cls=dict(type='BCELossWithLogits')
        )
        metric.update(metric_list=('mmit_mean_average_precision', 'mean_average_precision'))
    # Statistics of a batch would differ with the share of a process.
    cfg.model.backbone.norm_eval = True
    # At a whole frame the gradient of an offset jumps, and rounding would choose the side.
    cfg.model.backbone.initial_offset = 0.9
    # AdamW would turn rounding of small gradients into whole steps.
    cfg.optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
    cfg.default_hooks.checkpoint.max_keep_ckpts = -1
    cfg.val_evaluator = [metric, dict(type='DumpResults', out_file_path='scores.pkl')]
    cfg.auto_scale_lr = dict(enable=True, base_batch_size=BATCH)
    cfg.custom_imports.imports = [*cfg.custom_imports.imports, *imports]
    name_clips(cfg, 'val_dataloader')
    cfg.dump(folder / 'experiment.py')
    return folder / 'experiment.py'


def train_in_one_process(config: Path, monkeypatch) -> Path:
    work_dir = config.parent / 'one'
    work_dir.mkdir()
    monkeypatch.chdir(work_dir)
    cfg = Config.fromfile(config)
    cfg.work_dir = str(work_dir)
    cfg.train_dataloader.batch_size = BATCH
    Runner.from_cfg(cfg).train()
    return work_dir


def assert_same_run(work_dir: Path, one: Path) -> None:
    start, end, expected = (
        read_checkpoint(path)['state_dict']
        for path in (one / 'epoch_1.pth', work_dir / 'epoch_2.pth', one / 'epoch_2.pth')
    )
    start, end, expected = (
        torch.cat([weights[name].double().flatten() for name in sorted(expected)])
        for weights in (start, end, expected)
    )
    # Rounding that makes another the maximum of a pooling window gives 2e-4, other gradients 1 or more.
    assert (end - expected).norm() < 1e-3 * (expected - start).norm(), 'other gradients than one process'

    clips, expected_clips = read_dump(work_dir / 'scores.pkl'), read_dump(one / 'scores.pkl')
    assert [clip.name for clip in clips] == [clip.name for clip in expected_clips]
    assert len(clips) == NUM_CLIPS
    for clip, expected in zip(clips, expected_clips):
        torch.testing.assert_close(clip.scores, expected.scores, rtol=1e-4, atol=1e-5)
    assert metrics(work_dir) == pytest.approx(metrics(one), abs=1e-6)
    record, expected_record = (
        json.loads(next(path.glob('*/interlacing.json')).read_text()) for path in (work_dir, one)
    )
    assert record['num_clips'] == NUM_CLIPS
    assert_close_json(record, expected_record)


def assert_clean_end(file: Path) -> None:
    end = json.loads(file.read_text())
    # A wrapped model that is the last to refer to the group ends it, and hangs now and then.
    assert end['wrapped_models'] == 0
    # Threads of a group abort a process now and then that ends while they are there.
    assert end['threads']
    assert not [name for name in end['threads'] if 'gloo' in name]


def assert_close_json(value, expected) -> None:
    if isinstance(expected, dict):
        for key in expected:
            assert_close_json(value[key], expected[key])
    elif isinstance(expected, list):
        for item, expected_item in zip(value, expected, strict=True):
            assert_close_json(item, expected_item)
    else:
        assert value == (pytest.approx(expected, abs=1e-4) if isinstance(expected, float) else expected)


def metrics(work_dir: Path) -> dict[str, float]:
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    last = json.loads(path.read_text().splitlines()[-1])
    return {name: value for name, value in last.items() if name.startswith('acc/')}


def test_two_processes_of_mim_that_accumulate_gradients(tmp_path, monkeypatch):
    config = experiment(tmp_path)
    one = train_in_one_process(config, monkeypatch)
    work_dir = tmp_path / 'two'
    work_dir.mkdir()
    # A step of the learning rate's scale has 2 clips: the base is the batch over the accumulated steps.
    output = run_mim(
        'train', 'mmtin', config, '--launcher', 'pytorch', '--gpus', 2, '--work-dir', work_dir,
        '--cfg-options', 'train_dataloader.batch_size=1', 'optim_wrapper.accumulative_counts=2',
        f'auto_scale_lr.base_batch_size={BATCH // 2}', cwd=work_dir,
    )  # fmt: skip
    assert output.count('No GPU: the processes run on the CPU') == 1
    assert_same_run(work_dir, one)


def test_two_machines_of_two_processes_with_several_labels(tmp_path, monkeypatch):
    config = experiment(tmp_path, multi_label=True, imports=('tests.engine.end_of_process',))
    one = train_in_one_process(config, monkeypatch)
    work_dir = tmp_path / 'four'
    work_dir.mkdir()
    port = free_port()
    machines = [
        torchrun(
            '--nnodes', 2, '--node-rank', rank, '--nproc-per-node', 2, '--master-addr', 'localhost',
            '--master-port', port, '-m', 'mmtin', 'train', config, '--launcher', 'pytorch',
            '--work-dir', work_dir, '--cfg-options', 'train_dataloader.batch_size=1', cwd=work_dir,
        )
        for rank in (0, 1)
    ]  # fmt: skip
    for machine in machines:
        output = machine.communicate()[0]
        assert machine.returncode == 0, output
    assert_same_run(work_dir, one)
    for rank in range(4):
        assert_clean_end(work_dir / f'end.{rank}.json')


def test_two_processes_that_test_a_checkpoint(tmp_path, monkeypatch):
    config = experiment(tmp_path, imports=('tests.engine.end_of_process',))
    one = train_in_one_process(config, monkeypatch)
    work_dir = tmp_path / 'two'
    work_dir.mkdir()
    machine = torchrun(
        '--standalone', '--nproc-per-node', 2, ROOT / 'tools/test.py', config, one / 'epoch_2.pth',
        '--launcher', 'pytorch', '--work-dir', work_dir, '--dump', work_dir / 'tested.pkl', '--cfg-options',
        f'test_evaluator.1.out_file_path={work_dir / "predictions.pkl"}', cwd=work_dir,
    )  # fmt: skip
    output = machine.communicate()[0]
    assert machine.returncode == 0, output
    clips, expected_clips = read_dump(work_dir / 'tested.pkl'), read_dump(one / 'scores.pkl')
    assert [clip.name for clip in clips] == [clip.name for clip in expected_clips]
    for clip, expected in zip(clips, expected_clips):
        torch.testing.assert_close(clip.scores, expected.scores, rtol=1e-4, atol=1e-5)
    for rank in range(2):
        assert_clean_end(work_dir / f'end.{rank}.json')


@pytest.mark.parametrize(
    'how, first',
    [
        ('killed', 'exitcode  : -9'),
        ('user_error', 'error: the second process cannot go on; this is what to do about it'),
    ],
)
def test_one_process_that_fails_ends_the_others(how, first, tmp_path):
    write_videos(tmp_path)
    cfg = tiny_config(tmp_path, tmp_path / 'work')
    cfg.custom_imports.imports = ['mmtin', 'tests.engine.fault']
    cfg.custom_hooks = [dict(type='Fault', how=how, trace=str(tmp_path / 'failed'))]
    cfg.dump(tmp_path / 'experiment.py')
    machine = torchrun(
        '--standalone', '--nproc-per-node', 2, ROOT / 'tools/train.py', tmp_path / 'experiment.py',
        '--launcher', 'pytorch', cwd=tmp_path,
    )  # fmt: skip
    output = machine.communicate()[0]
    assert machine.returncode == 1, output
    assert (tmp_path / 'failed').exists()
    assert first in output, output
    assert '[rank0]' not in output, 'the process that did not fail speaks as well'
    assert 'Traceback' not in output[: output.index(first)] or how == 'killed'
    cause = output[output.index('Root Cause (first observed failure)') :]
    assert 'rank      : 1' in cause, cause
    left = [process for process in psutil.process_iter(['cmdline'])
            if str(tmp_path) in ' '.join(process.info['cmdline'] or ())]  # fmt: skip
    assert not left


def torchrun(*args: object, cwd: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, '-m', 'torch.distributed.run', *map(str, args)],
        cwd=cwd,
        env=os.environ | {'PYTHONPATH': os.pathsep.join((str(ROOT), os.environ.get('PYTHONPATH', '')))},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )


def free_port() -> int:
    with socket.socket() as server:
        server.bind(('localhost', 0))
        return server.getsockname()[1]
