"""The life of an experiment through mim: train, stop, resume, test, look at the results."""

import re
import shutil
import sys
from pathlib import Path

import mmaction
import pytest

from mmtin.datasets.synthetic import write_dataset
from tests.tools.in_process import run_here
from tests.tools.own_process import require_mim, run, run_mim

ROOT = Path(__file__).parents[2]
CONFIG = 'tin_r18_demo.py'
# Two clips a class, one batch an epoch.
SMALL = ('--cfg-options', 'train_dataloader.batch_size=8', 'train_dataloader.num_workers=0',
         'train_dataloader.persistent_workers=False', 'val_dataloader.num_workers=0',
         'val_dataloader.persistent_workers=False', 'test_dataloader.num_workers=0',
         'test_dataloader.persistent_workers=False')  # fmt: skip


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with a small demo data set, far from the repository."""
    path = tmp_path_factory.mktemp('experiment')
    write_dataset(path / 'data/demo', num_clips=16, num_val=8, seed=0)
    return path


@pytest.fixture(scope='module')
def work_dir(folder):
    """The experiment after one epoch and a test."""
    run_mim(
        'train', 'mmtin', CONFIG, '--work-dir', 'work', '--seed', 7, *SMALL, 'train_cfg.max_epochs=1',
        cwd=folder,
    )  # fmt: skip
    checkpoint = (folder / 'work/last_checkpoint').read_text()
    run_mim('test', 'mmtin', CONFIG, '--checkpoint', checkpoint, '--work-dir', 'work', *SMALL, cwd=folder)
    return folder / 'work'


def test_training_leaves_checkpoint_and_log(work_dir):
    assert (work_dir / 'epoch_1.pth').exists()
    (log,) = {path for path in work_dir.glob('*/*.log') if 'Epoch(train)' in path.read_text()}
    assert re.search(r'Epoch\(val\).*acc/top1', log.read_text())


def test_resume_goes_on_where_it_stopped(folder, work_dir):
    shutil.copytree(work_dir, folder / 'resumed')
    arguments = ('--work-dir', 'resumed', '--resume', *SMALL, 'train_cfg.max_epochs=2')
    result = run_here('train', ROOT / 'configs' / CONFIG, *arguments, cwd=folder)
    output = result.stdout
    assert result.returncode == 0, output
    assert 'resumed epoch: 1' in output
    assert 'work/epoch_1.pth, after iteration 1' in output.replace('resumed/', 'work/')
    assert (folder / 'resumed/epoch_2.pth').is_file()
    assert 'Hooks will be executed' not in output


def test_seed_of_the_command_wins_over_the_config(work_dir):
    (log,) = {path for path in work_dir.glob('*/*.log') if 'Epoch(train) [1]' in path.read_text()}
    assert re.search(r'^ +seed: 7$', log.read_text(), re.MULTILINE)


def test_stock_tsn_becomes_tin_by_its_backbone_alone(folder):
    (stock,) = Path(mmaction.__file__).parent.rglob(
        'tsn_imagenet-pretrained-r50_8xb32-1x1x3-100e_kinetics400-rgb.py'
    )
    data = (
        f'{split}_dataloader.{option}'
        for split in ('train', 'val', 'test')
        for option in ('dataset.ann_file=data/demo/val.txt', 'dataset.data_prefix.video=data/demo',
                       'dataset.indices=2', 'batch_size=1', 'num_workers=0', 'persistent_workers=False')
    )  # fmt: skip
    result = run(
        sys.executable, ROOT / 'tools/train.py', stock, '--work-dir', 'swapped', '--cfg-options',
        'model.backbone.type=mmtin.TINResNet', 'model.backbone.pretrained=None', 'train_cfg.max_epochs=1',
        'default_hooks.checkpoint.save_last=False', 'default_hooks.checkpoint.interval=-1', *data,
        cwd=folder,
    )  # fmt: skip
    output = result.stdout
    assert result.returncode == 0, output
    assert re.search(r'Epoch\(train\) +\[1\]\[2/2\]', output)
    assert 'TINResNet: num_segments = 3, what the training pipeline samples' in output
    assert 'test_dataloader: num_clips 25 -> 3, the number of frames that TINResNet was built for' in output


def test_results_are_compared(work_dir):
    output = run_mim('run', 'mmtin', 'compare', work_dir, cwd=work_dir)
    assert re.search(r'\| work +\| \d+\.\d', output)


def test_contact_sheet_is_drawn(folder, work_dir):
    arguments = (work_dir / 'epoch_1.pth', '--out', 'pictures/sheet.png', '--clips', 2)
    result = run_here('contact_sheet', ROOT / 'configs' / CONFIG, *arguments, cwd=folder)
    assert result.returncode == 0, result.stdout
    assert (folder / 'pictures/sheet.png').read_bytes().startswith(b'\x89PNG')


def test_mim_finds_the_package_and_its_models(folder):
    assert re.search(r'mmtin +\d', run_mim('list', cwd=folder))
    assert 'config id: tin_r50_sthv1' in run_mim('search', 'mmtin', cwd=folder)


def test_missing_data_is_one_sentence(tmp_path):
    result = run_here('train', ROOT / 'configs' / CONFIG, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith('error: no data at data/demo/train.txt')


def test_undecodable_clip_in_a_worker_is_one_sentence(folder, tmp_path):
    (tmp_path / 'bad.mp4').write_bytes(b'no video')
    (tmp_path / 'train.txt').write_text('bad.mp4 0\n' * 8)
    result = run(
        sys.executable, ROOT / 'tools/train.py', ROOT / 'configs' / CONFIG, '--work-dir', tmp_path / 'work',
        '--cfg-options', f'train_dataloader.dataset.ann_file={tmp_path}/train.txt',
        f'train_dataloader.dataset.data_prefix.video={tmp_path}', cwd=folder,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith(f'error: cannot read the clip {tmp_path}/bad.mp4')
    assert 'Traceback' not in result.stdout


def test_checkpoint_for_another_number_of_frames_is_one_sentence(folder, work_dir):
    result = run_here(
        'test', ROOT / 'configs' / CONFIG, work_dir / 'epoch_1.pth', *SMALL,
        'model.backbone.num_segments=4', 'model.cls_head.num_segments=4',
        'train_dataloader.dataset.pipeline.1.num_clips=4', cwd=folder,
    )  # fmt: skip
    assert result.returncode == 1
    assert 'error: the checkpoint interlaces clips of 8 frames, expected num_segments=4' in result.stdout


@pytest.mark.parametrize(
    'tool, args, expected',
    [
        ('train', ['nowhere.py'], 'error: no config at nowhere.py'),
        ('test', [ROOT / 'configs' / CONFIG, 'nowhere.pth'], 'error: no checkpoint at nowhere.pth'),
        (
            'contact_sheet',
            [ROOT / 'configs' / CONFIG, 'nowhere.pth'],
            'error: no checkpoint at nowhere.pth',
        ),
        ('train', [ROOT / 'configs' / CONFIG, '--cfg-options', 'num_segments=4'], 'would change nothing'),
    ],
    ids=['config', 'checkpoint', 'checkpoint to draw', 'late option'],
)
def test_wrong_argument_is_one_sentence(tool, args, expected, tmp_path):
    result = run_here(tool, *args, cwd=tmp_path)
    assert result.returncode == 1
    assert expected in result.stdout.splitlines()[-1]


def test_contact_sheet_is_not_overwritten_unasked(work_dir, tmp_path):
    (tmp_path / 'sheet.png').write_text('mine')
    result = run_here(
        'contact_sheet',
        ROOT / 'configs' / CONFIG,
        work_dir / 'epoch_1.pth',
        '--out',
        'sheet.png',
        cwd=tmp_path,
    )
    assert 'error: sheet.png is there already; --force replaces it' in result.stdout
    assert (tmp_path / 'sheet.png').read_text() == 'mine'


NO_WEIGHTS = 'no weights are published; train or convert with convert_checkpoint.py'


def test_search_says_why_there_are_no_weights(tmp_path):
    output = run_mim('search', 'mmtin', '--field', 'weight', cwd=tmp_path)
    assert output.count('config id') == output.count(NO_WEIGHTS) > 30


def test_download_says_why_there_are_no_weights(tmp_path):
    """Within mim's traceback: whatever fails in it ends in a TypeError of its own."""
    require_mim()
    result = run(
        sys.executable, '-m', 'mim', 'download', 'mmtin', '--config', 'tin_r50_sthv1', '--dest', tmp_path,
        cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode != 0 and NO_WEIGHTS in result.stdout
    assert not list(tmp_path.iterdir())
