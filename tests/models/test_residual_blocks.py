"""Blocks that add the shortcut in place against MMAction2's."""

import copy

import pytest
import torch
from mmaction.models.backbones.resnet import BasicBlock, Bottleneck
from mmaction.registry import MODELS
from mmcv.cnn import ConvModule
from torch import nn

from mmtin.models.residual_blocks import InPlaceBasicBlock, InPlaceBottleneck

KINDS = {'basic': (BasicBlock, InPlaceBasicBlock), 'bottleneck': (Bottleneck, InPlaceBottleneck)}
kinds = pytest.mark.parametrize('kind', KINDS)


def pair(kind, downsample=False, **kwargs):
    """MMAction2's block and ours with the same weights."""
    stock_type, ours_type = KINDS[kind]
    width = 16 * stock_type.expansion
    shortcut = ConvModule(width, width, 1, bias=False, norm_cfg=dict(type='BN'), act_cfg=None)
    stock = stock_type(width, 16, downsample=shortcut if downsample else None, **kwargs)
    ours = ours_type(width, 16, downsample=copy.deepcopy(shortcut) if downsample else None, **kwargs)
    ours.load_state_dict(stock.state_dict())
    return stock, ours


def frames(block, dtype=torch.float32):
    channels = block.conv1.conv.in_channels
    return torch.randn(4, channels, 6, 6, generator=torch.Generator().manual_seed(0)).to(dtype)


def trained(block, x):
    """Output, gradient of the input and of every parameter, and statistics after a step."""
    x = x.clone().requires_grad_()
    out = block(x * 1)  # what a block changes is no leaf
    out.square().sum().backward()
    return [out.detach(), x.grad, *(parameter.grad for parameter in block.parameters()), *block.buffers()]


@kinds
@pytest.mark.parametrize('downsample', [False, True], ids=['identity', 'downsample'])
def test_output_and_gradients_are_those_of_mmaction(kind, downsample):
    stock, ours = pair(kind, downsample)
    x = frames(stock)
    for expected, actual in zip(trained(stock, x), trained(ours, x), strict=True):
        torch.testing.assert_close(actual, expected, rtol=0, atol=0)


def test_recomputed_activations_give_the_same_gradients():
    stock, ours = pair('bottleneck', with_cp=True)
    x = frames(stock)
    for expected, actual in zip(trained(stock, x), trained(ours, x), strict=True):
        torch.testing.assert_close(actual, expected, rtol=0, atol=0)


@kinds
def test_no_tensor_is_made_for_the_sum(kind, monkeypatch):
    _, ours = pair(kind)
    made = {}
    last = ours.conv3 if kind == 'bottleneck' else ours.conv2
    normalise = type(last.norm).forward
    # Of the class: a block makes a new tensor where the forward of an instance was replaced.
    monkeypatch.setattr(
        type(last.norm), 'forward', lambda norm, x: made.setdefault(norm, normalise(norm, x))
    )
    with torch.no_grad():
        out = ours.eval()(frames(ours))
    assert out.data_ptr() == made[last.norm].data_ptr()
    last.norm.forward = last.norm.forward
    made.clear()
    with torch.no_grad():
        assert ours(frames(ours)).data_ptr() != made[last.norm].data_ptr()


@kinds
@pytest.mark.parametrize('part', ['whole', 'norm'])
def test_who_listens_to_the_last_convolution_keeps_what_came_out(kind, part):
    stock, ours = (block.eval() for block in pair(kind))
    kept = []
    for block in (stock, ours):
        last = block.conv3 if kind == 'bottleneck' else block.conv2
        module = last if part == 'whole' else last.norm
        module.register_forward_hook(lambda module, args, out: kept.append(out))
        module.register_full_backward_hook(lambda module, grad_in, grad_out: None)
        trained(block, frames(block))
    torch.testing.assert_close(kept[1], kept[0], rtol=0, atol=0)


def test_sum_of_two_types_is_of_the_wider_one():
    stock, ours = (block.eval() for block in pair('bottleneck'))
    x = frames(stock)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        expected, actual = stock(x), ours(x)
    assert actual.dtype == expected.dtype == torch.float32
    torch.testing.assert_close(actual, expected, rtol=0, atol=0)


@pytest.mark.parametrize('depth', [18, 50])
def test_backbone_is_built_of_them(depth):
    network = MODELS.build(dict(type='TINResNet', depth=depth, num_segments=2))
    blocks = [block for layer in network.res_layers for block in getattr(network, layer)]
    assert {type(block) for block in blocks} == {InPlaceBasicBlock if depth == 18 else InPlaceBottleneck}
    assert all(isinstance(block, nn.Module) and block.conv1.conv.net1 for block in blocks)
