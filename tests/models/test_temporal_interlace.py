"""The module against MMAction2's own, and the promises of its docstring."""

import shutil
import sys
import types

import pytest
import torch
from mmaction.models.backbones import resnet_tin
from torch import nn

from mmtin.compat import torch as compat
from mmtin.models import OffsetNet, TemporalInterlace, WeightNet
from mmtin.ops import temporal_interlace, tin_shift

FORMATS = {'contiguous': torch.contiguous_format, 'channels_last': torch.channels_last}
memory_formats = pytest.mark.parametrize('memory_format', FORMATS.values(), ids=FORMATS)


@pytest.fixture
def mmcv_tin_shift(monkeypatch):
    """Let MMAction2's module run without CUDA, over the reference."""
    module = types.ModuleType('mmcv.ops')
    module.tin_shift = lambda input, shift: tin_shift(input, shift, 'reference')
    monkeypatch.setitem(sys.modules, 'mmcv.ops', module)


def make(in_channels=16, num_segments=4, **kwargs):
    """A module whose offsets and weights depend visibly on the clip, unlike fresh ones."""
    module = TemporalInterlace(in_channels, num_segments, **kwargs)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.7)
    # ReLU passes everything, so that every parameter has a gradient.
    nn.init.constant_(module.offset_net.fc1.bias, 5.0)
    return module


@pytest.mark.parametrize(
    'shape', [(16, 8, 5, 3), (64, 8, 4, 4), (32, 5, 7, 1)], ids='C{0[0]}-T{0[1]}'.format
)
@pytest.mark.parametrize('shift_div', [1, 4], ids='div{}'.format)
def test_equals_mmaction2(mmcv_tin_shift, shape, shift_div):
    c, t, h, w = shape
    ours = make(c, t, shift_div=shift_div, max_offset=2.0).double()
    theirs = resnet_tin.TemporalInterlace(c, t, shift_div).double()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x, grad_output = torch.randn(2, 2 * t, c, h, w, dtype=torch.float64).unbind()
    x.requires_grad_()
    ours_out, theirs_out = ours(x), theirs(x)
    # Theirs is single precision whatever comes in.
    torch.testing.assert_close(ours_out, theirs_out.double(), rtol=1e-6, atol=1e-6)
    ours_grad = torch.autograd.grad(ours_out, [x, *ours.parameters()], grad_output)
    theirs_grad = torch.autograd.grad(theirs_out, [x, *theirs.parameters()], grad_output.float())
    torch.testing.assert_close(ours_grad, theirs_grad, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('reverse', [True, False], ids=['reversed', 'plain'])
@pytest.mark.parametrize('groups', [1, 2, 4], ids='G{}'.format)
def test_composition(groups, reverse):
    """Fold, predict, interlace, put back: step by step."""
    module = make(32, 4, groups=groups, reverse=reverse, max_offset=3.0)
    x = torch.randn(8, 32, 3, 5)
    clips = x[:, :8].reshape(2, 4, 8, 3, 5)
    pooled = clips.mean((3, 4)).transpose(1, 2)
    offset, weight = module.offset_net(pooled), module.weight_net(pooled)
    assert offset.shape == (2, groups) and weight.shape == (2, 4, groups)
    expected, width = clips.clone(), 8 // (groups * (1 + reverse))
    for index in range(groups * (1 + reverse)):
        learned, sign = index % groups, -1 if index >= groups else 1
        channels = slice(index * width, (index + 1) * width)
        expected[:, :, channels] = temporal_interlace(
            clips[:, :, channels], sign * offset[:, [learned]], weight[:, :, [learned]], 'reference'
        )
    output = module(x)
    torch.testing.assert_close(output[:, :8], expected.flatten(0, 1))
    assert torch.equal(output[:, 8:], x[:, 8:])


def start(t, **kwargs):
    """Offsets and weights of a new module, without what its random weights add."""
    module = TemporalInterlace(16, t, **kwargs)
    nn.init.zeros_(module.offset_net.fc2.weight)
    nn.init.zeros_(module.weight_net.conv.weight)
    offset, weight = module.offsets_and_weights(torch.randn(2, 4, t))
    assert torch.equal(weight, torch.ones(2, t, 4))
    return offset


@pytest.mark.parametrize('initial_offset', [None, 0.5, 0.0, -1.5], ids='start{}'.format)
@pytest.mark.parametrize('max_offset', [None, 2.0, 5.5], ids='R{}'.format)
@pytest.mark.parametrize('t', [4, 8, 16], ids='T{}'.format)
def test_start_values(t, max_offset, initial_offset):
    """The paper: offsets "start from 1", whatever T and R are; weights are 1."""
    given = {} if initial_offset is None else {'initial_offset': initial_offset}
    frames = given.get('initial_offset', 1.0)
    expected = torch.tensor([frames, frames, -frames, -frames]).expand(2, 4)
    torch.testing.assert_close(start(t, max_offset=max_offset, **given), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('t', [1, 2], ids='T{}'.format)
def test_start_values_of_short_clips(t):
    """Where half a clip is no more than a frame, groups start at half of that."""
    assert start(t)[0].tolist() == pytest.approx([t / 4, t / 4, -t / 4, -t / 4])
    assert start(t, initial_offset=0.1)[0, 0].item() == pytest.approx(0.1)


def test_the_releases_start():
    """deepcs233/TIN, X-Temporal and MMAction2: a bias of 0.5108, which is half a frame of 2."""
    bias = TemporalInterlace(16, 8, max_offset=2.0, initial_offset=0.5).offset_net.fc2.bias
    theirs = resnet_tin.TemporalInterlace(16, 8, 4).offset_net.fc2.bias
    torch.testing.assert_close(bias, theirs, rtol=1e-4, atol=0)
    torch.testing.assert_close(TemporalInterlace(16, 8).offset_net.fc2.bias, theirs, rtol=1e-4, atol=0)


def test_offsets_and_weights_stay_in_range():
    offset_net, weight_net = OffsetNet(4, 2, 8, max_offset=3.0), WeightNet(4, 2)
    extreme = 1e4 * torch.randn(64, 4, 8)
    offset, weight = offset_net(extreme), weight_net(extreme)
    assert offset.abs().max() <= 3 and (weight >= 0).all() and (weight <= 2).all()


def test_start_is_the_same_function_of_the_seed():
    """Only the two biases of the paper are set by hand; the rest is torch's own initialisation."""
    module = TemporalInterlace(16)
    assert module.offset_net.fc2.bias.tolist() == pytest.approx([0.5108256] * 2)
    assert (module.weight_net.conv.bias == 0).all()
    for name, parameter in module.named_parameters():
        if name not in ('offset_net.fc2.bias', 'weight_net.conv.bias'):
            assert parameter.abs().max() > 0, name


@memory_formats
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize('size', [(5, 3), (1, 1)], ids=str)
def test_keeps_shape_dtype_and_memory_format(dtype, memory_format, size):
    if dtype == torch.float16 and compat.version() < (2, 2):
        pytest.skip('torch 2.1 convolves no float16 on the CPU')
    exact = make(max_offset=2.0).double()
    x = torch.randn(8, 16, *size, dtype=torch.float64).contiguous(memory_format=memory_format)
    expected = exact(x)
    output = make(max_offset=2.0).to(dtype)
    output.load_state_dict(exact.state_dict())
    output = output(x.to(dtype))
    assert output.shape == x.shape and output.dtype == dtype
    assert output.is_contiguous(memory_format=memory_format)
    tolerance = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 2e-2, torch.bfloat16: 2e-1}[
        dtype
    ]
    torch.testing.assert_close(output.double(), expected, rtol=0, atol=tolerance)


@memory_formats
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16], ids=str)
def test_autocast_keeps_dtype_and_memory_format(dtype, memory_format):
    """The features before conv1 are of either precision under autocast."""
    module = make(max_offset=2.0)
    x = torch.randn(8, 16, 5, 3).to(dtype).contiguous(memory_format=memory_format).requires_grad_()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        output = module(x)
    assert output.dtype == dtype and output.is_contiguous(memory_format=memory_format)
    torch.testing.assert_close(output.float(), module(x.float()), rtol=0, atol=0.2)
    output.float().square().mean().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad.dtype == torch.float32 and parameter.grad.isfinite().all(), name


@pytest.mark.parametrize('t', [2, 4, 8], ids='T{}'.format)
def test_every_parameter_learns(t):
    module = make(num_segments=t, max_offset=1.5)
    x = torch.randn(2 * t, 16, 4, 4, requires_grad=True)
    (module(x) * torch.randn(x.shape)).sum().backward()
    for name, tensor in [('x', x), *module.named_parameters()]:
        assert tensor.grad.isfinite().all() and tensor.grad.abs().max() > 0, name


def test_one_frame():
    """With nowhere to go to, what is left of a frame is its share that stays."""
    module = make(num_segments=1)
    x = torch.randn(3, 16, 2, 2, requires_grad=True)
    output = module(x)
    offset, weight = module.offsets_and_weights(x[:, :4].mean((2, 3))[..., None])
    expected = x[:, :4] * ((1 - offset.abs()) * weight[:, 0])[..., None, None]
    torch.testing.assert_close(output, torch.cat([expected, x[:, 4:]], 1))


def test_no_clips():
    assert make()(torch.zeros(0, 16, 3, 3)).shape == (0, 16, 3, 3)


def test_clips_do_not_mix():
    module, x = make(), torch.randn(8, 16, 3, 3)
    torch.testing.assert_close(module(x), torch.cat([module(x[:4]), module(x[4:])]))


def test_input_is_left_alone():
    module, x = make(), torch.randn(8, 16, 3, 3)
    before = x.clone()
    module(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize(
    ('kwargs', 'says'),
    [
        (
            {'in_channels': 24, 'folded_channels': 6},
            'folded_channels=6 must be a multiple of the 4 groups that move',
        ),
        ({'in_channels': 24}, r'in_channels=24 must be a multiple of .* = 4 \* 2 \* 2'),
        (
            {'in_channels': 20, 'reverse': False},
            r'in_channels=20 must be a multiple of shift_div \* groups = 4 \* 2;',
        ),
        ({'in_channels': 64, 'groups': 0}, r'= 4 \* 0 \* 2'),
        ({'in_channels': 64, 'shift_div': 0}, r'= 0 \* 2 \* 2'),
        ({'in_channels': 64, 'num_segments': 0}, 'num_segments must be a whole number, at least 1, got 0'),
        ({'in_channels': 64, 'max_offset': 0}, 'max_offset must be positive and finite, in frames, got 0'),
        (
            {'in_channels': 64, 'num_segments': 8.0},
            'num_segments must be a whole number, at least 1, got 8.0',
        ),
        ({'in_channels': 64, 'max_offset': float('nan')}, 'positive and finite, in frames, got nan'),
        (
            {'in_channels': 64, 'max_offset': 1.0},
            r'must be less than max_offset=1, in frames, got 1.0; use for instance initial_offset=0.25',
        ),
        ({'in_channels': 64, 'initial_offset': 4.0}, 'must be less than max_offset=4, in frames, got 4.0'),
        (
            {'in_channels': 64, 'initial_offset': -4.5},
            'must be less than max_offset=4, in frames, got -4.5',
        ),
        ({'in_channels': 64, 'initial_offset': float('nan')}, 'less than max_offset=4, in frames, got nan'),
        (
            {'in_channels': 64, 'max_offset': -2.0},
            'max_offset must be positive and finite, in frames, got -2',
        ),
    ],
    ids=lambda value: '-'.join(f'{k}{v}' for k, v in value.items()) if isinstance(value, dict) else '',
)
def test_refuses_arguments(kwargs, says):
    with pytest.raises(ValueError, match=says):
        TemporalInterlace(**kwargs)


def test_refuses_broken_clips():
    with pytest.raises(ValueError, match='got 6 frames, which are no whole clips of num_segments=4'):
        make()(torch.zeros(6, 16, 3, 3))


@pytest.mark.skipif(shutil.which('g++') is None, reason='inductor compiles with g++')
@torch.no_grad()
def test_compiles_to_machine_code():
    module, x = make(max_offset=2.0), torch.randn(8, 16, 5, 3)
    output = torch.compile(module, fullgraph=True)(x)
    torch.testing.assert_close(output, module(x), rtol=1e-4, atol=1e-5)
