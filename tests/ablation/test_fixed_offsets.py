"""The ablation's TIN with fixed offsets differs from TINResNet in them alone."""

import torch

from mmtin.ablation.fixed_offsets import FixedOffsetTINResNet
from mmtin.interlacing.recorder import InterlacingRecorder
from mmtin.models import TINResNet
from tests.ablation.test_mmcv_gradient import half_a_resnet


def test_offsets_stay_and_weights_learn():
    model = half_a_resnet(FixedOffsetTINResNet, initial_offset=1.5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    with InterlacingRecorder(model) as recorder:
        for _ in range(2):
            (model(torch.randn(8, 3, 32, 32)) ** 2).mean().backward()
            optimizer.step()
            for offset, _ in recorder.take().values():
                torch.testing.assert_close(offset, torch.full_like(offset, 1.5))
    still = {name for name, parameter in model.named_parameters() if torch.equal(parameter, before[name])}
    assert still == {name for name in before if '.offset_net.' in name}


def test_same_start():
    learned, fixed = half_a_resnet(TINResNet), half_a_resnet(FixedOffsetTINResNet)
    for (name, ours), theirs in zip(learned.named_parameters(), fixed.parameters(), strict=True):
        assert torch.equal(ours, theirs) != name.endswith('offset_net.fc2.weight'), name
