"""Three commands and no file to edit: prepare, train and test the paper's first experiment."""

import re

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from tests.configs.experiments import CONFIGS
from tests.datasets.owner_files import make
from tests.tools.in_process import run_here

CONFIG = CONFIGS / 'tin_r50_sthv1.py'


@pytest.fixture
def kinetics_tsm(tmp_path):
    """A checkpoint with the keys and shapes of the one that the config downloads."""
    recognizer = MODELS.build(
        dict(
            type='Recognizer2D',
            backbone=dict(type='ResNetTSM', depth=50, pretrained2d=False),
            cls_head=dict(type='TSMHead', num_classes=400, in_channels=2048),
        )
    )
    path = tmp_path / 'tsm_k400.pth'
    torch.save({'meta': {}, 'state_dict': recognizer.state_dict()}, path)
    return path


def test_prepare_train_and_test(tmp_path, kinetics_tsm):
    owner = make('sthv1', tmp_path / 'owner')

    def command(*args):
        result = run_here(*args, cwd=tmp_path)
        assert result.returncode == 0, result.stdout
        return result.stdout

    command('prepare_data', 'sthv1', '--annotations', owner.annotations, '--media', owner.media)
    output = command(
        'train', CONFIG, '--work-dir', tmp_path / 'work', '--cfg-options',
        f'load_from={kinetics_tsm}', 'train_cfg.max_epochs=1', 'default_hooks.logger.interval=1',
        'train_dataloader.batch_size=1', 'train_dataloader.dataset.indices=2', 'val_dataloader.dataset.indices=1',
    )  # fmt: skip
    losses = [float(loss) for loss in re.findall(r'Epoch\(train\).* loss: ([\d.]+)', output)]
    assert len(losses) == 2
    assert np.isfinite(losses).all()
    # All of TSM's trunk arrives, the 16 convolutions included that MMAction2's own TIN loses.
    assert 'TINResNet: 318 tensors loaded' in output
    assert 'temporal modules, which the checkpoint lacks' in output

    output = command(
        'test', CONFIG, tmp_path / 'work/epoch_1.pth', '--work-dir', tmp_path / 'work', '--cfg-options',
        'test_protocol=2x3', 'test_dataloader.dataset.indices=1',
    )  # fmt: skip
    assert re.search(r'Epoch\(test\).*acc/top1', output)
