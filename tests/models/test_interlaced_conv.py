"""Interlacing and convolving as one operation, compared with two operations."""

import copy
from pathlib import Path

import pytest
import torch
from mmaction.apis import init_recognizer
from mmaction.models.backbones.resnet_tin import CombineNet
from mmaction.registry import MODELS
from mmengine.config import Config
from torch import nn
from torch.autograd import forward_ad
from torch.utils.flop_counter import FlopCounterMode

from mmtin.models import TemporalInterlace, TINResNet
from mmtin.models.interlaced_conv import InterlacedConv
from mmtin.ops import backend
from mmtin.ops.backend import IN_PLACE
from mmtin.ops.descriptor import describe
from mmtin.ops.interlaced_conv import convolution_arguments, interlaced_conv2d

ROOT = Path(__file__).parents[2]
FORMATS = {'planes': torch.contiguous_format, 'channels_last': torch.channels_last}
memory_formats = pytest.mark.parametrize('memory_format', FORMATS.values(), ids=FORMATS)


def make(in_channels=32, kernel_size=1, num_segments=4, conv=None, **kwargs):
    """With parameters that make offsets and weights differ from clip to clip."""
    conv = nn.Conv2d(in_channels, 12, kernel_size, **(conv or {}))
    module = InterlacedConv(TemporalInterlace(in_channels, num_segments, **kwargs), conv)
    for parameter in module.net1.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def results(forward, module, x, grad_output=None):
    """The output, the gradient of ``x`` and those of all parameters."""
    module, x = copy.deepcopy(module), x.clone(memory_format=torch.preserve_format).requires_grad_()
    output = forward(module, x)
    output.backward(grad_output if grad_output is not None else torch.ones_like(output))
    return [output.detach(), x.grad, *(parameter.grad for parameter in module.parameters())]


def assert_close(actual, expected, tolerance=2e-5):
    for got, wanted in zip(actual, expected, strict=True):
        error = (got - wanted).abs().max() / wanted.abs().max().clamp(min=1e-6)
        assert error < tolerance


@memory_formats
@pytest.mark.parametrize(
    'groups',
    [{}, {'groups': 1}, {'groups': 4, 'reverse': False}, {'shift_div': 2}, {'offsets_per': 'frame'}],
    ids=str,
)
@pytest.mark.parametrize(
    'conv',
    [
        {},
        {'kernel_size': 3, 'stride': 2, 'padding': 1},
        {'kernel_size': 3, 'padding': 'same', 'dilation': 2},
        {'stride': 2, 'groups': 2, 'bias': False},
    ],
    ids=str,
)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64], ids=str)
def test_one_operation_is_two(memory_format, groups, conv, dtype):
    """float32 takes the native kernels, float64 the general way."""
    kernel_size = conv.get('kernel_size', 1)
    options = {name: value for name, value in conv.items() if name != 'kernel_size'}
    module = make(kernel_size=kernel_size, conv=options, **groups).to(
        memory_format=memory_format, dtype=dtype
    )
    x = torch.randn(8, 32, 7, 5, dtype=dtype).contiguous(memory_format=memory_format)
    grad = torch.randn_like(module(x))
    assert_close(
        results(InterlacedConv.__call__, module, x, grad), results(CombineNet.forward, module, x, grad)
    )
    with torch.no_grad():
        assert_close([module(x)], [CombineNet.forward(module, x)])


@memory_formats
@pytest.mark.parametrize('backend', IN_PLACE)
def test_every_backend(backend, memory_format):
    reason = IN_PLACE[backend].unavailable(torch.device('cpu'))
    if reason:
        pytest.skip(reason)

    def forward(module, frames):
        frames, descriptor = describe(frames, 8, 4)
        moves = module.net1.offsets_and_weights(descriptor)
        arguments = module.net2.weight, module.net2.bias, convolution_arguments(module.net2)
        return interlaced_conv2d(frames, *moves, *arguments, 8, IN_PLACE[backend])

    x = torch.randn(8, 32, 5, 3).contiguous(memory_format=memory_format)
    module = make().to(memory_format=memory_format)
    assert_close(results(forward, module, x), results(CombineNet.forward, module, x))


@pytest.mark.parametrize('allowed', [True, False], ids=['on', 'off'])
def test_in_place_can_be_switched_off(monkeypatch, allowed):
    """Then the interlaced frames are a tensor of their own, which the convolution reads."""
    monkeypatch.setattr(backend, 'IN_PLACE_ALLOWED', allowed)
    module, x, read = make(), torch.randn(8, 32, 5, 3), []
    convolution = torch.convolution
    monkeypatch.setattr(torch, 'convolution', lambda x, *rest: read.append(x) or convolution(x, *rest))
    expected = CombineNet.forward(module, x)
    read.clear()
    torch.testing.assert_close(module(x), expected)
    assert bool(read) == allowed


@pytest.mark.parametrize('grad', [True, False])
def test_input_is_put_back(grad):
    """Also when the convolution fails, and unseen by those who saved the input for their gradient."""
    source = torch.randn(8, 32, 5, 5, requires_grad=True)
    x = source.exp()  # saves its output
    before = x.detach().clone()
    with torch.set_grad_enabled(grad):
        output = make()(x)
        assert torch.equal(x, before)
        with pytest.raises(RuntimeError):
            make(kernel_size=9)(x)
    assert torch.equal(x, before)
    (x.sum() + (output.sum() if grad else 0)).backward()
    if not grad:
        assert torch.equal(source.grad, before)


@pytest.mark.parametrize(
    'change', [None, 'another layer', 'other sizes', 'no bias', 'a hook', 'own forward']
)
def test_the_backend_predicts_for_plain_networks(monkeypatch, change):
    """It leaves those to torch that are not as they were built or that somebody listens to or changed."""
    predict, asked = IN_PLACE['native'].predict, []
    monkeypatch.setattr(IN_PLACE['native'], 'predict', lambda *args: asked.append(args) or predict(*args))
    module = make()
    if change == 'a hook':
        module.net1.weight_net.register_forward_hook(lambda *_: None)
    elif change == 'own forward':
        module.net1.weight_net.forward = module.net1.weight_net.forward
    elif change:
        CHANGES[change](module.net1)
    module(torch.randn(8, 32, 3, 3))
    assert bool(asked) == (change is None)


def test_hooks_see_what_happens():
    seen = []
    for path in ('net1', 'net2', 'net1.offset_net', 'net1.weight_net', 'net1.offset_net.fc2'):
        module = make()
        expected = CombineNet.forward(module, x := torch.randn(4, 32, 3, 3))
        module.get_submodule(path).register_forward_hook(lambda *_, path=path: seen.append(path))
        torch.testing.assert_close(module(x), expected)
        assert seen.pop() == path
        assert not seen


def test_frozen_input_and_convolution():
    """The first block of a network whose stem is frozen."""
    module, x = make(), torch.randn(8, 32, 3, 3)
    module.net2.requires_grad_(False)
    module(x).sum().backward()
    assert module.net2.weight.grad is None
    expected = make()
    expected.load_state_dict(module.state_dict())
    CombineNet.forward(expected, x).sum().backward()
    for got, wanted in zip(module.net1.parameters(), expected.net1.parameters(), strict=True):
        torch.testing.assert_close(got.grad, wanted.grad, rtol=1e-4, atol=1e-5)


def test_tensors_of_every_kind():
    """Those that cannot be borrowed, and those with nothing in them."""
    module = make()
    x = torch.randn(8, 32, 4, 6)
    expected = module(x)
    for other in (x.transpose(2, 3).contiguous().transpose(2, 3), torch.cat([x, x], 1)[:, :32]):
        assert not (other.is_contiguous() or other.is_contiguous(memory_format=torch.channels_last))
        torch.testing.assert_close(module(other), expected)
    with torch.inference_mode():
        inferred = x.clone()
        torch.testing.assert_close(module(inferred), expected)
    with torch.no_grad():
        torch.testing.assert_close(module(inferred), expected)
    assert module(x[:0]).shape == (0, 12, 4, 6)
    with pytest.raises(ValueError, match='got 6 frames, which are no whole clips of num_segments=4'):
        module(x[:6])


def test_autocast():
    module, x = make(), torch.randn(8, 32, 4, 4)
    expected = module(x)
    for frames in (x, x.bfloat16()):
        with torch.autocast('cpu', dtype=torch.bfloat16):
            output = module(frames)
        assert output.dtype == torch.bfloat16
        torch.testing.assert_close(output.float(), expected, rtol=0.05, atol=0.05)
    output.float().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in module.parameters())


@memory_formats
@pytest.mark.parametrize('offsets_per', ['clip', 'frame'])
def test_bfloat16(memory_format, offsets_per):
    """All of it in half precision: as near to single precision as the convolution alone may be."""
    module = make(offsets_per=offsets_per, conv=dict(padding=1), kernel_size=3)
    for parameter in module.net1.parameters():
        parameter.data.mul_(0.2)  # in torch the networks themselves are in half precision
    module = module.bfloat16()
    x = torch.randn(8, 32, 6, 5).contiguous(memory_format=memory_format).bfloat16()
    actual = results(nn.Module.__call__, module, x)
    assert all(part.dtype == torch.bfloat16 for part in actual)
    expected = results(nn.Module.__call__, module.float(), x.float())
    assert_close([part.float() for part in actual], expected, tolerance=0.06)


def test_compiles_and_exports():
    module, x = make(), torch.randn(8, 32, 4, 4)
    torch.testing.assert_close(torch.compile(module, backend='eager', fullgraph=True)(x), module(x))
    torch.testing.assert_close(torch.export.export(module, (x,)).module()(x), module(x))


@pytest.mark.parametrize('poison', [float('nan'), float('inf')])
def test_what_is_not_finite_shows(poison):
    """NaN must not be hidden, forwards or backwards."""
    module, x = make(), torch.randn(8, 32, 3, 3)
    x[1, 0, 0, 0] = poison
    assert not module(x)[:4].isfinite().any()
    assert module(x)[4:].isfinite().all()
    diverged, x = make(), torch.randn(4, 32, 3, 3, requires_grad=True)
    diverged.net1.offset_net.fc2.bias.data.fill_(float('nan'))
    output = diverged(x)
    assert output.isnan().all()
    output.sum().backward()
    assert x.grad[:, :8].isnan().all()


def lora(layer):
    """An adapter with the attributes of the layer that it wraps."""

    class Adapter(nn.Module):
        weight, bias = layer.weight, layer.bias

        def forward(self, x):
            return layer(x) + x.sum()

    return Adapter()


def constant_offsets(interlace):
    class Constant(TemporalInterlace):
        def offsets_and_weights(self, descriptor):
            return descriptor.new_ones(len(descriptor), 4), descriptor.new_ones(len(descriptor), 4, 4)

    interlace.__class__ = Constant


CHANGES = {
    'another layer': lambda net: setattr(net.offset_net, 'fc1', lora(net.offset_net.fc1)),
    'other sizes': lambda net: [
        setattr(net.offset_net, 'fc1', nn.Linear(4, 3)),
        setattr(net.offset_net, 'fc2', nn.Linear(3, 2)),
    ],
    'no bias': lambda net: setattr(net.weight_net.conv, 'bias', None),
    'other offsets': constant_offsets,
    'another limit': lambda net: setattr(net.offset_net, 'max_offset', 0.5),
    'double precision': lambda net: net.double(),
}


@pytest.mark.parametrize('change', CHANGES.values(), ids=CHANGES)
def test_changed_networks_are_what_computes(change):
    module, x = make(), torch.randn(8, 32, 3, 3)
    change(module.net1)
    try:
        expected = CombineNet.forward(module, x)
    except RuntimeError:
        with pytest.raises(RuntimeError, match=r'dtype|type'):
            module(x)
        return
    torch.testing.assert_close(module(x), expected)


def test_networks_on_another_device():
    module = make()
    module.net1.to('meta')
    with pytest.raises(RuntimeError, match=r'device|meta'):
        module(torch.randn(8, 32, 3, 3))


@memory_formats
@pytest.mark.parametrize('size', [(3, 3), (1, 1)], ids=str)
def test_a_single_channel(memory_format, size):
    module = InterlacedConv(TemporalInterlace(8, 4, 8, 1, reverse=False), nn.Conv2d(8, 4, 1))
    x = torch.randn(8, 8, *size).contiguous(memory_format=memory_format).requires_grad_()
    output = module(x)
    assert torch.equal(output, CombineNet.forward(module, x))
    output.sum().backward()
    assert x.grad.isfinite().all()


def test_function_transforms_and_counters():
    module, x = make(), torch.randn(8, 32, 3, 3)
    parameters = dict(module.named_parameters())
    grads = torch.func.grad(lambda p: torch.func.functional_call(module, p, x).sum())(parameters)
    module(x).sum().backward()
    for name, parameter in parameters.items():
        torch.testing.assert_close(grads[name], parameter.grad, rtol=1e-4, atol=1e-4)
    with torch.no_grad(), forward_ad.dual_level():
        dual = forward_ad.make_dual(x, torch.ones_like(x))
        tangents = [
            forward_ad.unpack_dual(f(dual)).tangent
            for f in (module, lambda x: CombineNet.forward(module, x))
        ]
    torch.testing.assert_close(*tangents)
    torch.testing.assert_close(module(torch._neg_view(x)), module(-x))
    with FlopCounterMode(display=False) as counter:
        module(x)
    with FlopCounterMode(display=False) as composed:
        CombineNet.forward(module, x)
    assert counter.get_total_flops() == composed.get_total_flops()


def running_statistics(backbone):
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1)
    return backbone


@memory_formats
@pytest.mark.parametrize('depth', [18, 50])
@torch.no_grad()
def test_fused_inference_is_the_same_network(depth, memory_format):
    backbone = running_statistics(TINResNet(depth, num_segments=4, fused_inference=True))
    x = torch.randn(8, 3, 32, 32).contiguous(memory_format=memory_format)
    plain = TINResNet(depth, num_segments=4)
    plain.load_state_dict(backbone.state_dict())
    expected = plain.eval()(x)
    assert_close([backbone.eval()(x)], [expected], 1e-5)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    assert_close([backbone(x)], [expected], 1e-5)
    with pytest.raises(ValueError, match='was fused for inference and trains no more'):
        backbone.train()
    for target, source in ((backbone, plain), (plain, backbone)):
        with pytest.raises(ValueError, match='was fused for inference, without BatchNorm; load'):
            target.load_state_dict(source.state_dict(), strict=False)


def test_fused_in_inference_mode():
    """The weights stay good for what comes after, such as gradients of the input."""
    backbone = TINResNet(18, num_segments=4, fused_inference=True).eval()
    x = torch.randn(4, 3, 32, 32)
    with torch.inference_mode():
        expected = backbone(x.clone())
    output = backbone(x.requires_grad_())
    torch.testing.assert_close(output, expected.clone())
    output.sum().backward()
    assert x.grad.isfinite().all()


@torch.no_grad()
def test_config_variable_fuses_for_inference(tmp_path):
    """As MMAction2's users load a model: build, then weights, then eval mode."""
    cfg = Config.fromfile(ROOT / 'configs/tin_r18_demo.py')
    model = running_statistics(MODELS.build(cfg.model)).eval()
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'model.pth')
    cfg.model.backbone.fused_inference = True
    fused = init_recognizer(cfg, str(tmp_path / 'model.pth'), 'cpu')
    frames = torch.randn(8, 3, 40, 40)
    assert_close([fused.backbone(frames)], [model.backbone(frames)], 1e-5)
    assert fused.backbone.is_fused and not model.backbone.is_fused
