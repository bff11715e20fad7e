"""The paper's first experiment trains on data in Something-Something V1's own format."""

import re

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from tests.tools.mim import run_mim


@pytest.fixture
def sthv1(tmp_path):
    """Two clips a list, as numbered JPEG files in one folder per clip."""
    root = tmp_path / 'data/sthv1'
    rng = np.random.default_rng(0)
    for split, clips in (('train', {'1001': 2, '1002': 4}), ('val', {'1003': 0, '1004': 173})):
        lines = []
        for clip, label in clips.items():
            folder = root / 'frames' / clip
            folder.mkdir(parents=True)
            for frame in range(1, 13):
                cv2.imwrite(str(folder / f'{frame:05}.jpg'), rng.integers(0, 255, (100, 132, 3), np.uint8))
            lines.append(f'{clip} 12 {label}')
        (root / f'{split}.txt').write_text('\n'.join(lines))
    return root


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


def test_two_iterations_and_a_validation(tmp_path, sthv1, kinetics_tsm):
    output = run_mim(
        'train', 'mmtin', 'tin_r50_sthv1.py', '--work-dir', tmp_path / 'work',
        '--cfg-options', 'train_dataloader.batch_size=1', 'train_cfg.max_epochs=1',
        'default_hooks.logger.interval=1', f'load_from={kinetics_tsm}',
        'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False',
        'val_dataloader.num_workers=0', 'val_dataloader.persistent_workers=False',
        cwd=tmp_path,
    )  # fmt: skip
    losses = [float(loss) for loss in re.findall(r'Epoch\(train\).* loss: ([\d.]+)', output)]
    assert len(losses) == 2
    assert np.isfinite(losses).all()
    assert re.search(r'Epoch\(val\) \[1\].*acc/top1', output)
    # All of TSM's trunk arrives, 53 convolutions included that MMAction2's own TIN would lose 16 of.
    assert 'TINResNet: 318 tensors loaded' in output
    assert 'offset and weight networks, which the checkpoint lacks' in output
    assert (tmp_path / 'work/epoch_1.pth').exists()
