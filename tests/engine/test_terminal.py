"""The terminal output of a training and a test; the log file has everything."""

import io
import sys
from types import SimpleNamespace

import pytest
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmtin.engine.terminal import briefly, progress, progress_shown
from tests.report.tiny_run import tiny_config, write_videos
from tests.tools.in_process import run_tool

LONG = ('System environment:', 'pipeline=[', 'Hooks will be executed', 'Saving checkpoint', '"FileClient"')


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    write_videos(folder)
    return folder


def experiment(videos, folder):
    cfg = tiny_config(videos, folder / 'work')
    cfg.model.backbone.update(num_stages=1, out_indices=(0,), strides=(1,), dilations=(1,))
    cfg.model.cls_head.in_channels = 64
    return cfg


@pytest.fixture
def config(videos, tmp_path):
    """A small experiment of one epoch, whose work directory is ``work``."""
    cfg = experiment(videos, tmp_path)
    cfg.train_cfg.max_epochs = 1
    cfg.default_hooks.checkpoint = dict(type='WholeCheckpointHook', save_best='auto')
    cfg.test_evaluator = cfg.val_evaluator
    cfg.dump(tmp_path / 'tiny.py')
    return tmp_path / 'tiny.py'


def watch(monkeypatch):
    """Let standard output be a terminal, and keep what that shows."""
    monkeypatch.setattr(sys, 'stdout', Terminal())
    return sys.stdout


def log_of(config, word):
    (log,) = (p for p in config.parent.glob('work/*/*.log') if word in p.read_text())
    return log


def test_pipe_gets_a_summary_and_lines_by_iteration(config, monkeypatch, capsys):
    assert run_tool(monkeypatch, 'train', config) is None
    said = capsys.readouterr().out
    log = log_of(config, 'Epoch(train)')
    for row in (
        'Recognizer2D, TINResNet of depth 18, T = 4 frames, 2 classes, 0.',
        'data       8 clips, ',
        'batch      4 clips, 2 iterations an epoch',
        'schedule   1 epochs, AdamW at a rate of 0.002',
        'validation 6 clips, ',
        'weights    random',
        'device     cpu',
        f'log        {log}',
    ):
        assert row in said, row
    assert said.count('Epoch(train) [1]') == 2
    assert said.count('acc/top1: ') == 1
    assert 'The best checkpoint with' in said
    assert len(said.splitlines()) < 30
    assert '━' not in said
    whole = log.read_text()
    for words in LONG:
        assert words not in said
        assert words in whole
    assert list(config.parent.glob('work/*/vis_data/scalars.json'))

    assert run_tool(monkeypatch, 'test', config, config.parent / 'work/epoch_1.pth') is None
    said = capsys.readouterr().out
    assert '6 clips, ' in said
    assert 'Load checkpoint from' in said
    assert said.count('acc/top1: ') == 1
    assert not any(words in said for words in LONG)
    assert 'System environment:' in log_of(config, 'Epoch(test)').read_text()


def test_terminal_gets_a_bar_an_epoch_and_results_in_a_line(config, monkeypatch):
    terminal = watch(monkeypatch)
    assert run_tool(monkeypatch, 'train', config) is None
    assert 'Epoch 1/1' in terminal.getvalue()
    assert '2/2' in terminal.getvalue()
    assert 'loss ' in terminal.getvalue()
    (line,) = (line for line in terminal.getvalue().splitlines() if 'Validation: ' in line)
    assert 'acc/top1 ' in line
    assert 'Epoch(' not in terminal.getvalue()
    whole = log_of(config, 'Epoch(train) [1][2/2]').read_text()
    assert 'Epoch(val) [1][2/2]' in whole
    assert sys.stdout is terminal


def test_verbose_brings_the_rest(config, monkeypatch):
    terminal = watch(monkeypatch)
    assert run_tool(monkeypatch, 'train', config, '--verbose') is None
    checkpoint = config.parent / 'work/epoch_1.pth'
    assert all(words in terminal.getvalue() for words in LONG)
    assert 'Epoch(train) [1][2/2]' in terminal.getvalue()
    assert '━' not in terminal.getvalue()
    assert run_tool(monkeypatch, 'test', config, checkpoint, '--verbose') is None
    assert terminal.getvalue().count('System environment:') == 2


def test_training_by_iterations_without_our_hooks(videos, tmp_path, monkeypatch):
    cfg = experiment(videos, tmp_path)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2, val_interval=1)
    cfg.log_processor.by_epoch = False
    cfg.default_hooks = dict(checkpoint=None)
    cfg.custom_hooks = []
    terminal = watch(monkeypatch)
    runner = briefly(Runner).from_cfg(cfg)
    with progress_shown(runner):
        runner.train()
    assert 'schedule   2 iterations' in terminal.getvalue()
    assert 'Training \x1b' in terminal.getvalue()
    assert terminal.getvalue().count('Validation: ') == 2


def test_only_the_first_process_speaks(monkeypatch):
    monkeypatch.setattr(progress, 'is_main_process', lambda: False)
    terminal = watch(monkeypatch)
    hook = progress.ProgressHook()
    hook.before_train(None)
    hook._start(None, 'Epoch', 2)
    hook._report('Validation', {'acc/top1': 1.0})
    hook.stop()
    assert not terminal.getvalue()


def test_stopped_training_gives_the_terminal_back(monkeypatch):
    terminal, hooks = watch(monkeypatch), []
    runner = SimpleNamespace(
        register_hook=lambda hook, priority: hooks.append(hook), logger=MMLogger.get_current_instance()
    )
    with pytest.raises(KeyboardInterrupt), progress_shown(runner):
        hooks[0]._start(runner, 'Epoch', 2)
        assert sys.stdout is not terminal
        raise KeyboardInterrupt
    assert sys.stdout is terminal
    assert '\x1b[?25h' in terminal.getvalue(), 'the cursor is shown again'
