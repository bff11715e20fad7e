"""Offsets at their limits, where the sigmoid is flat, and beyond the clip have finite gradients."""

import pytest
import torch
from mmaction.registry import MODELS

from mmtin.models.temporal_interlace import OffsetNet, TemporalInterlace

limits = pytest.mark.parametrize('bias', [40.0, -40.0, 3e38, -3e38], ids=str)
# Within the clip, at its end and beyond, in frames of 4.
ranges = pytest.mark.parametrize('max_offset', [2.0, 4.0, 9.0], ids=str)


def push_to_limit(network, bias):
    """Make every offset R or -R."""
    for module in network.modules():
        if isinstance(module, OffsetNet):
            torch.nn.init.constant_(module.fc2.bias, bias)
            assert module(torch.zeros(1, module.conv.in_channels, 4)).abs().eq(module.max_offset).all()


def assert_gradients_are_finite(network, x):
    output = network(x)
    output = output[-1] if isinstance(output, tuple) else output
    output.square().mean().backward()
    assert output.isfinite().all() and x.grad.isfinite().all()
    for name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), name


@limits
@ranges
def test_module(bias, max_offset):
    network = TemporalInterlace(16, num_segments=4, max_offset=max_offset)
    push_to_limit(network, bias)
    assert_gradients_are_finite(network, torch.randn(8, 16, 5, 3, requires_grad=True))


@ranges
@pytest.mark.parametrize('bias', [40.0, -40.0], ids=str)
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last], ids=str)
def test_network(bias, max_offset, memory_format):
    """Where kernels predict, interlace and convolve in one."""
    config = dict(type='TINResNet', depth=18, num_segments=4, max_offset=max_offset)
    network = MODELS.build(config).train()
    push_to_limit(network, bias)
    x = torch.randn(4, 3, 32, 32).contiguous(memory_format=memory_format).requires_grad_()
    assert_gradients_are_finite(network, x)
