"""`mim test`: all weights come from the checkpoint, and no file is overwritten."""

import errno
import json
import os
import re
import shutil

import pytest
import torch
from mmengine.config import Config

from mmtin.checkpoint import read_checkpoint
from mmtin.scores import latest_test_result
from tests.report.tiny_run import shared_run
from tests.tools.in_process import run_tool


@pytest.fixture
def work_dir(tmp_path_factory, tmp_path):
    """A copy of a run that was trained and tested."""
    shutil.copytree(shared_run(tmp_path_factory), tmp_path / 'tiny')
    (tmp_path / 'tiny/predictions.pkl').unlink()
    config = tmp_path / 'tiny/tin_r18_demo.py'
    cfg = Config.fromfile(config)
    cfg.test_evaluator = dict(type='AccMetric')
    cfg.dump(config)
    return tmp_path / 'tiny'


def run_test(monkeypatch, work_dir, *args, checkpoint='epoch_2.pth'):
    config = work_dir / 'tin_r18_demo.py'
    return run_tool(monkeypatch, 'test', config, work_dir / checkpoint, '--work-dir', work_dir, *args)


@pytest.mark.parametrize(
    'change, expected',
    [
        ({'model.cls_head.num_classes': 3}, r'cls_head.fc_cls.bias is \[2\] in .*, \[3\] in the config'),
        ({'model.backbone.depth': 34}, r'lacks \d+ of the weights of the config, such as backbone.layer'),
        ({'model.backbone.max_offset': 1.5}, 'was trained with max_offset=2, the config has 1.5'),
    ],
)  # fmt: skip
def test_checkpoint_of_another_model_is_refused(change, expected, work_dir, monkeypatch):
    before = len(list(work_dir.glob('*/*.json')))
    cfg = Config.fromfile(work_dir / 'tin_r18_demo.py')
    plain = shutil.copy(cfg.test_dataloader.dataset.ann_file, work_dir.parent)  # away from labels.txt
    change = change | {'test_dataloader.dataset.ann_file': plain}
    options = [f'{name}={value}' for name, value in change.items()]
    error = run_test(monkeypatch, work_dir, '--cfg-options', *options)
    assert error is not None
    assert re.search(expected, error)
    assert len(list(work_dir.glob('*/*.json'))) == before, 'a refused test reports no accuracy'


@pytest.mark.parametrize(
    'before, behind',
    [
        (('--checkpoint',), ()),
        (('--cfg-options', 'test_dataloader.batch_size=2', '--checkpoint'), ('--force',)),
    ],
    ids=['as mim takes it', 'after a list'],
)
def test_checkpoint_by_name(before, behind, work_dir, monkeypatch):
    config, checkpoint = work_dir / 'tin_r18_demo.py', work_dir / 'epoch_2.pth'
    args = (config, '--work-dir', work_dir, *before, checkpoint, *behind)
    assert run_tool(monkeypatch, 'test', *args) is None
    assert latest_test_result(work_dir).checkpoint == checkpoint


def test_two_checkpoints(work_dir, monkeypatch, capsys):
    assert run_test(monkeypatch, work_dir, '--checkpoint', 'other.pth') == '2'
    assert 'unrecognized arguments: -- other.pth' in capsys.readouterr().err


def test_results_name_the_checkpoint_that_was_tested(work_dir, monkeypatch, capsys):
    content = read_checkpoint(work_dir / 'epoch_2.pth')
    torch.save(content, work_dir / 'other.pth')
    assert run_test(monkeypatch, work_dir, checkpoint='other.pth') is None
    assert latest_test_result(work_dir).checkpoint == work_dir / 'other.pth'
    assert run_tool(monkeypatch, 'compare', work_dir) is None
    assert re.search(r'\| tiny .*/tiny/other\.pth', capsys.readouterr().out)
    page = work_dir.parent / 'report.html'
    assert run_tool(monkeypatch, 'report', work_dir, '--out', page, '--clips', 1) is None
    assert 'tested checkpoint other.pth' in page.read_text()


def test_options_of_a_test_are_not_the_config_of_later_ones(work_dir, monkeypatch):
    config = (work_dir / 'tin_r18_demo.py').read_text()
    dump = work_dir / 'predictions.pkl'
    assert run_test(monkeypatch, work_dir, '--dump', dump) is None
    assert (work_dir / 'tin_r18_demo.py').read_text() == config
    assert dump.stat().st_size
    dump.write_text('mine')
    assert run_test(monkeypatch, work_dir) is None
    assert dump.read_text() == 'mine'
    assert run_test(monkeypatch, work_dir, '--dump', dump) == (
        f'error: {dump} is there already; --force replaces it'
    )
    assert run_test(monkeypatch, work_dir, '--dump', dump, '--force') is None
    assert dump.read_bytes() != b'mine'


def test_dump_on_a_full_disk(work_dir, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'fsync', fail)
    error = run_test(monkeypatch, work_dir, '--dump', work_dir / 'scores.pkl')
    assert error is not None
    assert re.search(r'cannot write \S+/scores\.pkl \(No space left on device\)', error)
    assert not list(work_dir.glob('*scores*')), 'half a file was left'


def test_config_that_writes_scores_overwrites_none(work_dir, monkeypatch):
    cfg = Config.fromfile(work_dir / 'tin_r18_demo.py')
    scores = work_dir / 'scores.pkl'
    cfg.test_evaluator = [cfg.test_evaluator, dict(type='DumpResults', out_file_path=str(scores))]
    cfg.dump(work_dir / 'tin_r18_demo.py')
    scores.write_text('mine')
    assert 'scores.pkl is there already; --force replaces it' in run_test(monkeypatch, work_dir)
    assert scores.read_text() == 'mine'


def test_work_dir_without_config_gets_that_of_the_test(work_dir, monkeypatch):
    elsewhere = work_dir.parent / 'elsewhere'
    config = work_dir / 'tin_r18_demo.py'
    error = run_tool(monkeypatch, 'test', config, work_dir / 'epoch_2.pth', '--work-dir', elsewhere)
    assert error is None
    assert Config.fromfile(elsewhere / 'tin_r18_demo.py').load_from is None
    assert json.loads(next(elsewhere.glob('2*/2*.json')).read_text())['acc/top1'] >= 0
