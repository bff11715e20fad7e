"""The ablation's TIN differs from TINResNet in the gradient alone, and is used only on request."""

import subprocess
import sys

import pytest
import torch
from mmaction.registry import MODELS

from mmtin.ablation.mmcv_gradient import MMCVGradientTINResNet, MMCVShift
from mmtin.models import TemporalInterlace, TINResNet
from mmtin.ops import tin_shift


def half_a_resnet(kind, **kwargs):
    torch.manual_seed(0)
    shape = dict(num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(1,), interlace_stages=(0, 1))
    return kind(18, num_segments=4, **shape, **kwargs)


@pytest.mark.parametrize('frames', [-2, -1, 0, 1, 2])
def test_features_move_forwards_and_gradients_too(frames):
    x = torch.randn(2, 5, 4, 3, requires_grad=True)
    shift = torch.full((2, 1), frames, dtype=torch.int32)
    output, grad_output = MMCVShift.apply(x, shift), torch.randn(2, 5, 4, 3)
    assert torch.equal(output, tin_shift(x, shift, 'reference'))
    (grad,) = torch.autograd.grad(output, x, grad_output)
    assert torch.equal(grad, tin_shift(grad_output, shift, 'reference'))
    assert torch.equal(grad, tin_shift(grad_output, -shift, 'reference')) == (frames == 0)


def test_same_start_same_features_same_gradient_of_offsets_other_gradient_of_features():
    right, wrong = half_a_resnet(TINResNet), half_a_resnet(MMCVGradientTINResNet)
    for ours, theirs in zip(right.parameters(), wrong.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    x = torch.randn(8, 3, 32, 32)
    outputs = right(x), wrong(x)
    torch.testing.assert_close(*outputs)
    for output in outputs:
        (output**2).mean().backward()
    # After the last interlacing every gradient is right, before the first one none.
    torch.testing.assert_close(
        right.layer2[1].conv1.conv.net2.weight.grad, wrong.layer2[1].conv1.conv.net2.weight.grad
    )
    ours, theirs = right.conv1.conv.weight.grad, wrong.conv1.conv.weight.grad
    assert (ours - theirs).norm() > 0.1 * ours.norm()
    last = right.layer2[1].conv1.conv.net1, wrong.layer2[1].conv1.conv.net1.interlace
    for ours, theirs in zip(*(module.parameters() for module in last), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_arguments_reach_it():
    backbone = half_a_resnet(MMCVGradientTINResNet, max_offset=2.0, groups=1)
    modules = [module for module in backbone.modules() if isinstance(module, TemporalInterlace)]
    assert len(modules) == 4
    assert {module.offset_net.max_offset for module in modules} == {2.0}
    assert MODELS.get('MMCVGradientTINResNet') is MMCVGradientTINResNet


def test_importing_mmtin_does_not_bring_it():
    check = (
        'import mmtin; from mmaction.registry import MODELS; '
        "assert MODELS.get('TINResNet') and MODELS.get('MMCVGradientTINResNet') is None"
    )
    subprocess.run([sys.executable, '-W', 'ignore', '-c', check], check=True)
