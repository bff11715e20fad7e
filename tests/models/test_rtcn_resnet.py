"""The r-TCN backbone: free temporal convolutions in the places where TIN interlaces."""

import pytest
import torch
from mmaction.registry import MODELS
from torch import nn
from torch.nn.functional import conv1d

from mmtin.errors import UserError
from mmtin.models import RTCNResNet, TemporalConvolution, TemporalInterlace, TINResNet


def two_stages():
    """Arguments for half of a ResNet, where the whole would take longer and show no more."""
    return {'num_stages': 2, 'strides': (1, 2), 'dilations': (1, 1), 'out_indices': (1,)}


def clips(n=2, t=4, size=32):
    return torch.randn(n * t, 3, size, size)


def in_inference(backbone):
    """ResNet.eval() of MMAction2 returns nothing."""
    backbone.eval()
    return backbone


@pytest.mark.parametrize('shift_div', [1, 2])
@pytest.mark.parametrize('kernel_size', [1, 3, 5])
def test_convolution_is_one_over_frames_at_each_place(shift_div, kernel_size):
    module = TemporalConvolution(6, num_segments=5, shift_div=shift_div, kernel_size=kernel_size).double()
    nn.init.normal_(module.conv.weight)
    x = torch.randn(2 * 5, 6, 2, 3, dtype=torch.float64)
    output = module(x)
    width = 6 // shift_div
    for n in range(2):
        for row in range(2):
            for column in range(3):
                series = x[n * 5 : n * 5 + 5, :width, row, column].t()[None]
                expected = conv1d(series, module.conv.weight[..., 0, 0], padding=kernel_size // 2)
                torch.testing.assert_close(output[n * 5 : n * 5 + 5, :width, row, column], expected[0].t())
    assert torch.equal(output[:, width:], x[:, width:])


def test_starts_as_the_2d_network():
    backbone = RTCNResNet(18, num_segments=4, **two_stages())
    backbone.init_weights()
    plain = TINResNet(18, num_segments=4, is_tin=False, **two_stages())
    plain.load_state_dict(backbone.state_dict(), strict=False)
    x = clips()
    with torch.no_grad():
        torch.testing.assert_close(in_inference(backbone)(x), in_inference(plain)(x))


@pytest.mark.parametrize('depth', [18, 50])
def test_convolves_in_every_block_and_interlaces_in_none(depth):
    with torch.device('meta'):
        rtcn, tin, plain = RTCNResNet(depth), TINResNet(depth), TINResNet(depth, is_tin=False)
    convolved, interlaced = (
        {name for name, module in net.named_modules() if isinstance(module, kind)}
        for net, kind in ((rtcn, TemporalConvolution), (tin, TemporalInterlace))
    )
    assert convolved == interlaced
    assert not any(isinstance(module, TemporalInterlace) for module in rtcn.modules())
    more = sum(p.numel() for p in rtcn.parameters()) - sum(p.numel() for p in plain.parameters())
    widths = {18: [64] * 3 + [128] * 2 + [256] * 2 + [512], 50: [64, 256, 256, 256, 512, 512, 512, 512]}
    widths[50] += [1024] * 6 + [2048] * 2
    assert more == sum(3 * width**2 for width in widths[depth])


def test_every_parameter_learns_and_frames_are_mixed():
    backbone = RTCNResNet(18, num_segments=4, interlace_stages=(0, 1), **two_stages())
    x = clips().requires_grad_()
    (backbone(x) ** 2).mean().backward()
    for name, parameter in backbone.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 0, name
    nn.init.normal_(backbone.layer1[0].conv1.conv.net1.conv.weight, std=0.1)
    x.grad = None
    in_inference(backbone)(x)[0].sum().backward()
    assert x.grad[1].abs().max() > 0 and x.grad[4:].abs().max() == 0  # its own clip, and no other


def test_arguments_reach_every_block_and_a_config_builds_it():
    backbone = MODELS.build(
        dict(type='RTCNResNet', depth=18, num_segments=6, shift_div=4, kernel_size=5, interlace_stages=[3])
    )
    modules = [module for module in backbone.modules() if isinstance(module, TemporalConvolution)]
    assert len(modules) == 2
    assert [module.folded_channels for module in modules] == [64, 128]
    assert {module.num_segments for module in modules} == {6}
    assert {module.conv.kernel_size for module in modules} == {(5, 1, 1)}


def test_weights_of_a_2d_network_load_and_convolutions_stay_the_identity():
    backbone = RTCNResNet(18, num_segments=4, **two_stages())
    donor = TINResNet(18, num_segments=4, is_tin=False, **two_stages())
    backbone.load_state_dict(donor.state_dict(), strict=False)
    torch.testing.assert_close(backbone.layer1[0].conv1.conv.net2.weight, donor.layer1[0].conv1.conv.weight)
    x = clips()
    with torch.no_grad():
        torch.testing.assert_close(in_inference(backbone)(x), in_inference(donor)(x))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(shift_div=3), 'shift_div must divide in_channels=64, got 3'),
        (dict(kernel_size=2), 'kernel_size must be odd'),
        (dict(num_segments=0), 'num_segments must be a whole number'),
        (dict(depth=20), 'depth must be one of'),
        (dict(interlace_stages=[4]), 'interlace_stages must lie in 0..3'),
    ],
    ids=str,
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UserError, match=message):
        RTCNResNet(**(dict(depth=18) | arguments))


def test_channels_and_clips_that_do_not_divide():
    with pytest.raises(UserError, match='shift_div must divide in_channels=8, got 3'):
        TemporalConvolution(8, shift_div=3)
    with pytest.raises(UserError, match='got 6 frames, which are no whole clips of num_segments=4'):
        TemporalConvolution(8, num_segments=4)(torch.randn(6, 8, 2, 2))
