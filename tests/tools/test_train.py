"""`mim train`: wrong input ends in one sentence before the first step."""

import re

import pytest
from mmengine.config import Config

from mmtin.checkpoint import read_checkpoint
from tests.report.tiny_run import tiny_config, write_videos
from tests.tools.in_process import run_tool

NOBODY = 'http://127.0.0.1:9/weights.pth'  # the port of nobody


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """A training of two epochs on a few videos, in a folder with lists that do not fit."""
    folder = tmp_path_factory.mktemp('train')
    write_videos(folder)
    cfg = tiny_config(folder, folder / 'work')
    cfg.test_evaluator = dict(type='AccMetric')
    cfg.default_hooks.checkpoint.update(interval=-1, save_last=False)
    cfg.dump(folder / 'tiny.py')
    (folder / 'line.txt').write_text('train0.mp4 0\ntrain1.mp4 right\n')
    (folder / 'label.txt').write_text('train0.mp4\t0\ntrain1.mp4\t2\n')
    (folder / 'tabs.txt').write_text('train0.mp4\t0\ntrain1.mp4\t1\n')
    (folder / 'network.onnx').write_bytes(b'\x08\x07\x12\x07pytorch')
    (folder / 'network.pt2').write_bytes(b'PK\x03\x04' + b'\0' * 100)
    (folder / 'file').write_text('in the way')
    return folder / 'tiny.py'


@pytest.fixture
def train(config, monkeypatch, tmp_path):
    monkeypatch.chdir(config.parent)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))

    def run(*args, work_dir=tmp_path / 'work'):
        return run_tool(monkeypatch, 'train', config, '--work-dir', work_dir, *args)

    return run


@pytest.mark.parametrize(
    'options, sentence',
    [
        (['max_epoch=3'], 'max_epoch=... would change nothing: .* do you mean train_cfg.max_epochs'),
        (['train_cfg.max_epoch=3'], 'ResumableTrainLoop takes no max_epoch; do you mean max_epochs'),
        (['default_hooks.checkpoint.save_best=top1'], 'save_best=top1, .*; do you mean acc/top1'),
        (['train_cfg.val_interval=0'], 'train_cfg.val_interval must be a whole number, 1 or more, got 0'),
        (['train_cfg.max_epochs=0'], 'train_cfg.max_epochs must be a whole number, 1 or more, got 0'),
        (['train_cfg.max_epochs=abc'], "train_cfg.max_epochs must be a whole number, 1 or more, got 'abc'"),
        (['optim_wrapper.optimizer.type=Adamw'], "type='Adamw' names no optimizer; do you mean AdamW"),
        (['optim_wrapper.optimizer.lr=abc'], "optim_wrapper.optimizer.lr must be a number, got 'abc'"),
        (['train_dataloader.batch_size=0'], 'batch_size must be a whole number, 1 or more, got 0'),
        (['train_dataloader.num_workers=-1'], 'num_workers must be a whole number, 0 or more, got -1'),
        (
            ['train_dataloader.dataset.ann_file=line.txt'],
            """line.txt, line 2: expected "path label", got 'train1.mp4 right'; repair the line""",
        ),
        (
            ['val_dataloader.dataset.ann_file=label.txt'],
            'label.txt, line 2: label 2, but model.cls_head.num_classes=2 has 0 to 1',
        ),
        (
            [f'load_from={NOBODY}', 'val_dataloader.dataset.ann_file=label.txt'],
            'label.txt, line 2: label 2, .*',
        ),
        (
            [f'load_from={NOBODY}'],
            rf'cannot fetch {NOBODY} \(.*\); download it elsewhere and give the file .* load_from=FILE,',
        ),
        (['load_from=network.onnx'], 'network.onnx is an ONNX model, .*, not a checkpoint; give the .pth'),
        (['load_from=network.pt2'], 'network.pt2 is a program that torch.export wrote, not a checkpoint'),
        (
            ['train_dataloader.dataset.pipeline.1.num_clips=3'],
            'model.backbone.num_segments=4, but the training pipeline samples 3 frames per clip',
        ),
    ],
)
def test_what_is_refused(options, sentence, train):
    error = train('--cfg-options', *options)
    assert error is not None and '\n' not in error
    assert re.match(f'error: .*{sentence}', error), error


def test_work_dir_that_cannot_be_written(train, config):
    error = train(work_dir=config.parent / 'file')
    assert error.startswith(f'error: cannot write to the work directory {config.parent / "file"} (')


def test_no_workers_and_another_delimiter(train, tmp_path, capsys):
    options = [f'{name}_dataloader.num_workers=0' for name in ('train', 'val', 'test')]
    options += ['train_dataloader.persistent_workers=True', 'train_dataloader.prefetch_factor=2']
    options += ['train_dataloader.dataset.ann_file=tabs.txt', 'train_cfg.max_epochs=1']
    assert train('--cfg-options', *options) is None
    (log,) = (tmp_path / 'work').glob('*/*.log')
    assert re.search(r'Epoch\(train\) +\[1\]\[1/1\]', log.read_text())


def test_finished_run_that_is_resumed(train, tmp_path, capsys):
    once = ('--cfg-options', 'train_cfg.max_epochs=1', 'default_hooks.checkpoint.interval=1')
    once += ('default_hooks.checkpoint.save_best=None', 'custom_hooks=[]')
    assert train(*once) is None
    next_steps = capsys.readouterr().out.partition('Next:')[2]
    assert train(*once, '--resume') is None
    said = capsys.readouterr().out
    last = tmp_path / 'work' / 'epoch_1.pth'
    assert f'The training is finished already; its last checkpoint is {last}' in said
    assert next_steps and said.partition('Next:')[2] == next_steps


def test_resume_goes_on_with_the_run_whatever_weights_it_started_from(train, tmp_path, capsys):
    def run(epochs, *args, **options):
        args = (*args, f'train_cfg.max_epochs={epochs}', 'default_hooks.checkpoint.interval=1')
        assert train('--no-validate', *args, **options) is None

    run(1, '--cfg-options', work_dir=tmp_path / 'pre')
    load_from, checkpoint = f'load_from={tmp_path / "pre/epoch_1.pth"}', tmp_path / 'work/epoch_1.pth'
    run(1, '--resume', '--cfg-options', load_from)
    assert read_checkpoint(checkpoint)['meta']['iter'] == 2, 'it started with more than weights'
    capsys.readouterr()
    run(2, '--resume', checkpoint, '--cfg-options', load_from)
    assert re.search(r'weights +\S*work/epoch_1.pth, after iteration 2', capsys.readouterr().out)
    saved = Config.fromfile(checkpoint.with_name('tiny.py'))
    assert not saved.resume and load_from.endswith(saved.load_from), 'it would resume this run by itself'
