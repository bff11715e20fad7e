"""The recipe for AVA, trained and tested on files in AVA's formats with mmcv's compiled operators."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from mmtin.checkpoint import read_checkpoint
from tests.datasets.ava_files import write_ava

ROOT = Path(__file__).parents[2]
WHEELS = ROOT.parent / 'shared/wheels'
# Train and test as the commands do, in one process.
COMMANDS = """
import json, runpy, sys
try:
    import mmcv.ops
except ImportError as error:
    sys.exit(f'unusable mmcv: {error}')
for sys.argv in json.loads(sys.argv[1]):
    runpy.run_path(sys.argv[0], run_name='__main__')
"""


@pytest.fixture
def compiled_mmcv(tmp_path):
    """What PYTHONPATH needs for mmcv with its operators: nothing, or an unpacked wheel."""
    try:
        importlib.metadata.version('mmcv')
        return []
    except importlib.metadata.PackageNotFoundError:
        pass
    for wheel in WHEELS.glob('mmcv-*.whl'):
        if parse_wheel_filename(wheel.name)[3] & set(sys_tags()):
            zipfile.ZipFile(wheel).extractall(tmp_path / 'site')
            return [str(tmp_path / 'site')]
    pytest.skip("mmcv's compiled operators are neither installed nor beside the repository")


@pytest.fixture
def kinetics_tsm(tmp_path):
    """A checkpoint with the keys and shapes of the one that the config downloads."""
    backbone = MODELS.build(dict(type='ResNetTSM', depth=50, pretrained2d=False))
    weights = {f'backbone.{key}': value for key, value in backbone.state_dict().items()}
    torch.save(dict(state_dict=weights), tmp_path / 'tsm.pth')
    return tmp_path / 'tsm.pth'


def test_two_iterations_and_a_test(tmp_path, compiled_mmcv, kinetics_tsm):
    write_ava(tmp_path)
    options = [f'model.backbone.backbone.init_cfg.checkpoint={kinetics_tsm}']
    options += ['train_cfg.max_epochs=1', 'train_cfg.val_begin=2', 'default_hooks.logger.interval=1']
    options += ['train_dataloader.batch_size=1', 'train_dataloader.dataset.pipeline.2.scale_range=(64,80)']
    options += ['train_dataloader.dataset.pipeline.3.size=64', 'default_hooks.checkpoint.save_best=None']
    options += [f'{part}_dataloader.dataset.pipeline.2.scale=(-1,64)' for part in ('val', 'test')]
    for part in ('train', 'val', 'test'):
        options += [f'{part}_dataloader.num_workers=0', f'{part}_dataloader.persistent_workers=False']
    config, more = str(ROOT / 'configs/tin_r50_ava21.py'), ['--work-dir', 'work', '--cfg-options', *options]
    commands = [
        [str(ROOT / 'tools/train.py'), config, *more],
        [str(ROOT / 'tools/test.py'), config, 'work/epoch_1.pth', *more],
    ]
    process = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', COMMANDS, json.dumps(commands)],
        env=os.environ | dict(PYTHONPATH=os.pathsep.join([*compiled_mmcv, str(ROOT)])),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    if 'unusable mmcv' in process.stderr:
        pytest.skip(process.stderr.strip())
    output = process.stdout + process.stderr
    assert process.returncode == 0, output

    # One second of each film is on the list of those to leave out.
    said = output + ''.join(log.read_text() for log in tmp_path.rglob('*.log'))
    assert '2 out of 3 frames are valid' in said
    assert 'TINResNet: 318 tensors loaded from the checkpoint' in said
    losses = [float(loss) for loss in re.findall(r'Epoch\(train\).* loss: ([\d.]+)', output)]
    assert len(losses) == 2
    assert all(0 < loss < 100 for loss in losses)
    (mean_average_precision,) = re.findall(r'Epoch\(test\).*mAP/overall: ([\d.]+)', output)
    assert 0 < float(mean_average_precision) <= 1
    assert 'Offsets and weights of 16 TIN layers' in said

    trained = read_checkpoint(tmp_path / 'work/epoch_1.pth')['state_dict']
    loaded = read_checkpoint(kinetics_tsm)['state_dict']
    name = 'layer4.2.conv1.conv.net{}.weight'
    assert not torch.equal(
        trained[f'backbone.backbone.{name.format(2)}'], loaded[f'backbone.{name.format("")}']
    )
