"""Trainings that are killed or run out of disk, resumed: they end with the weights of one never stopped."""

import json
import os
import random
import re
import signal
import time
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from mmtin.checkpoint import read_checkpoint
from mmtin.engine.resumption import is_whole
from mmtin.report.logs import read_curves
from tests.report.tiny_run import tiny_config, write_videos
from tests.tools.killable import (
    die_before_renaming,
    die_in_writing,
    fill_disk,
    start,
    train,
)

pytestmark = pytest.mark.slow

EPOCHS, BATCHES = 3, 4
BY_ITERATION = ('default_hooks.checkpoint.by_epoch=False', 'default_hooks.checkpoint.interval=3')
END = {True: f'epoch_{EPOCHS}.pth', False: f'iter_{EPOCHS * BATCHES}.pth'}


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """A small TIN with random crops, flips, dropout and two workers."""
    folder = tmp_path_factory.mktemp('resume')
    write_videos(folder)
    cfg = tiny_config(folder, folder / 'work')
    cfg.model.backbone.update(num_stages=2, out_indices=(1,), strides=(1, 2), dilations=(1, 1))
    cfg.model.cls_head.update(in_channels=128, dropout_ratio=0.5)
    loader = cfg.train_dataloader
    loader.update(batch_size=2, num_workers=2, persistent_workers=True)
    loader.sampler.type = 'SeededSampler'
    pipeline = loader.dataset.pipeline
    (resize,) = (index for index, step in enumerate(pipeline) if step.type == 'Resize')
    pipeline[resize : resize + 1] = [
        dict(type='RandomResizedCrop'),
        pipeline[resize],
        dict(type='Flip', flip_ratio=0.5),
    ]
    cfg.train_cfg.max_epochs = EPOCHS
    cfg.param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True, T_max=EPOCHS,
                                convert_to_iter_based=True)]  # fmt: skip
    cfg.default_hooks.checkpoint = dict(
        type='WholeCheckpointHook', interval=1, max_keep_ckpts=1, save_best='auto'
    )
    path = folder / 'tiny.py'
    cfg.dump(path)
    return path


@pytest.fixture(scope='module')
def never_stopped(config):
    """What a training that was never stopped ends with."""
    work_dir = config.parent / 'never_stopped'
    status, output = train(config, '--work-dir', work_dir, log=config.parent / 'never_stopped.log')
    assert status == 0, output
    return work_dir


def final_state(work_dir, by_epoch=True):
    checkpoint = read_checkpoint(work_dir / END[by_epoch])
    return {name: checkpoint[name] for name in ('state_dict', 'optimizer', 'param_schedulers')}


def assert_same_end(work_dir, never_stopped, by_epoch=True):
    states = [final_state(work_dir, by_epoch), final_state(never_stopped)]
    first, second = (dict(leaves(state)) for state in states)
    assert first.keys() == second.keys()
    different = [name for name in first if not equal(first[name], second[name])]
    assert not different, f'{len(different)} of {len(first)} values differ, such as {different[0]}'
    assert not list(work_dir.glob('.*')), 'something unfinished was left'


def leaves(state, name=''):
    items = state.items() if isinstance(state, dict) else enumerate(state)
    for key, value in items:
        if isinstance(value, dict | list | tuple):
            yield from leaves(value, f'{name}.{key}')
        else:
            yield f'{name}.{key}', value


def equal(first, second):
    return torch.equal(first, second) if isinstance(first, torch.Tensor) else first == second


def iterations_done(work_dir):
    rows = [
        json.loads(line)
        for path in work_dir.glob('*/vis_data/scalars.json')
        for line in path.read_text().splitlines()
    ]
    return sum('iter' in row for row in rows)


def start_till(iteration, config, work_dir, log, *args):
    """Start a training; so many iterations are in its log then."""
    process = start('train', config, '--work-dir', work_dir, *args, log=log)
    while iterations_done(work_dir) < iteration:
        assert process.is_alive(), log.read_text()
        time.sleep(0.002)
    return process


def kill_at(config, work_dir, iteration, log, *args):
    """Train till so many iterations are in the log, then SIGKILL."""
    process = start_till(iteration, config, work_dir, log, *args)
    process.kill()
    process.join()
    return process.exitcode


@pytest.mark.parametrize('by_epoch', [True, False], ids=['checkpoints by epoch', 'within epochs'])
def test_killed_at_random_iterations(config, never_stopped, tmp_path, by_epoch):
    work_dir, log = tmp_path / 'work', tmp_path / 'log'
    options = () if by_epoch else ('--cfg-options', *BY_ITERATION)
    kills, random_numbers = 3, random.Random(by_epoch)
    for _ in range(kills):
        iteration = iterations_done(work_dir) + random_numbers.randint(1, 6)
        status = kill_at(config, work_dir, iteration, log, '--resume', *options)
        assert status == -9, log.read_text()
    status, output = train(config, '--work-dir', work_dir, '--resume', *options, log=log)
    assert status == 0, output
    assert_same_end(work_dir, never_stopped, by_epoch)
    curves = [read_curves(folder) for folder in (work_dir, never_stopped)]
    for name in ('loss', 'acc/top1', 'lr'):
        np.testing.assert_array_equal(curves[0][name], curves[1][name], err_msg=name)


@pytest.mark.parametrize('fault', [die_in_writing, die_before_renaming])
@pytest.mark.parametrize('number', [1, 3])
def test_killed_while_writing(config, never_stopped, tmp_path, fault, number):
    work_dir, log = tmp_path / 'work', tmp_path / 'log'
    status, output = train(config, '--work-dir', work_dir, log=log, fault=partial(fault, number))
    assert status == -9, output
    assert list(work_dir.glob('.*.pth.*.part'))
    assert bool(list(work_dir.glob('epoch_*.pth'))) == (number > 1), 'the checkpoint before is lost'
    status, output = train(config, '--work-dir', work_dir, '--resume', log=log)
    assert status == 0, output
    assert_same_end(work_dir, never_stopped)


@pytest.mark.parametrize(
    'interval, said',
    [
        (1, r'stopped; the same command with --resume goes on after epoch \d+, iteration \d+: \S+\.pth'),
        (10**6, 'stopped; there is no checkpoint yet: the same command starts anew'),
    ],
    ids=['behind a checkpoint', 'before one'],
)
def test_ctrl_c(config, tmp_path, interval, said):
    """A terminal sends it to the workers, too."""
    work_dir, log = tmp_path / 'work', tmp_path / 'log'
    endless = ('train_cfg.max_epochs=100000', f'default_hooks.checkpoint.interval={interval}')
    process = start_till(BATCHES + 1, config, work_dir, log, '--cfg-options', *endless)
    for each in (*psutil.Process(process.pid).children(), process):
        os.kill(each.pid, signal.SIGINT)
    process.join()
    output = log.read_text()
    assert process.exitcode == 130, output
    assert 'Traceback' not in output
    assert re.fullmatch(said, output.splitlines()[-1]), output


@pytest.mark.parametrize('number', [1, 4], ids=['best', 'last'])
def test_full_disk(config, never_stopped, tmp_path, number):
    work_dir, log = tmp_path / 'work', tmp_path / 'log'
    status, output = train(config, '--work-dir', work_dir, log=log, fault=partial(fill_disk, number))
    assert status == 1, output
    said = re.fullmatch(
        r'error: cannot write (\S+\.pth) \(File too large; it takes \d\.\d MB\); (\S+) is whole: '
        'make room and repeat the command with --resume',
        output.splitlines()[-1],
    )
    assert said, output.splitlines()[-1]
    assert Path(said[1]).name.startswith('best' if number == 1 else 'epoch')
    assert is_whole(Path(said[2]))
    assert not list(work_dir.glob('.*')), 'half a file was left'
    status, output = train(config, '--work-dir', work_dir, '--resume', log=log)
    assert status == 0, output
    assert_same_end(work_dir, never_stopped)
