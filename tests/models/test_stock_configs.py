"""Every stock 2D-ResNet recognizer of MMAction2 takes TINResNet by a change of backbone.type alone."""

from pathlib import Path

import mmaction
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config

from mmtin.config import match_num_segments
from mmtin.models import TINResNet

CONFIGS = Path(mmaction.__file__).parent / '.mim/configs'


def stock_2d_resnets() -> list[Path]:
    found = []
    for path in sorted((CONFIGS / 'recognition').rglob('*.py')):
        model = Config.fromfile(path).get('model', {})
        kind = (model.get('backbone') or {}).get('type', '')
        if model.get('type') == 'Recognizer2D' and kind in ('ResNet', 'ResNetTSM', 'ResNetTIN'):
            found.append(path)
    return found


STOCK = stock_2d_resnets()


def test_the_wheel_ships_tsn_tsm_tin_and_trn():
    families = {path.parent.name for path in STOCK}
    assert {'tsn', 'tsm', 'tin', 'trn'} <= families


@pytest.mark.parametrize('path', STOCK, ids=lambda path: path.stem)
def test_swap_runs_forward_and_backward(path):
    cfg = Config.fromfile(path)
    cfg.merge_from_dict({'model.backbone.type': 'mmtin.TINResNet'})
    match_num_segments(cfg)
    model = MODELS.build(cfg.model)
    assert isinstance(model.backbone, TINResNet)

    num_segments = model.backbone.num_segments
    # The smallest clip that every neck and head still takes.
    size = 64 if cfg.model.get('neck') else 32
    inputs = torch.randn(1, num_segments, cfg.model.backbone.get('in_channels', 3), size, size)
    samples = [ActionDataSample().set_gt_label(1)]
    losses = model(inputs, samples, mode='loss')
    loss, _ = model.parse_losses(losses)
    loss.backward()
    gradient = model.backbone.layer1[0].conv1.conv.net1.offset_net.fc2.weight.grad
    assert torch.isfinite(gradient).all()

    model.eval()
    with torch.inference_mode():
        (result,) = model(inputs, samples, mode='predict')
    assert torch.isfinite(result.pred_score).all()
