"""Another number of frames: offsets are the same in seconds."""

import pytest
import torch

from mmtin.conversion.convert import convert_checkpoint
from mmtin.conversion.num_segments import adapt_temporal_weight
from mmtin.models.temporal_interlace import OffsetNet
from tests.conversion.relatives import TSN, randomise
from tests.conversion.test_conversion import build


def adapted(offset_net, num_segments, target):
    new = OffsetNet(offset_net.conv.in_channels, 2, target, offset_net.max_offset * target / num_segments)
    weights = {
        key: adapt_temporal_weight(f'offset_net.{key}', value, num_segments, target)
        for key, value in offset_net.state_dict().items()
    }
    new.load_state_dict(weights, strict=True)
    return new


def offset_net(num_segments):
    net = OffsetNet(6, 2, num_segments, max_offset=2.0)
    torch.nn.init.normal_(net.fc2.weight)
    return net


@torch.no_grad()
@pytest.mark.parametrize('times', [1, 2, 3])
def test_repeated_frames_repeat_the_offset(times):
    net, descriptor = offset_net(8), torch.randn(5, 6, 8)
    expected = times * net(descriptor)
    actual = adapted(net, 8, 8 * times)(descriptor.repeat_interleave(times, dim=2))
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('target', [12, 16, 20])
def test_a_smooth_clip_keeps_its_offset_in_seconds(target):
    """Slow waves, sampled at the middle of T parts of the clip."""
    net = offset_net(8)

    def wave(num_segments):
        t = (torch.arange(num_segments) + 0.5) / num_segments
        return torch.stack([torch.sin(2 * t + phase) for phase in torch.linspace(0, 6, 30)]).view(5, 6, -1)

    # The zeros beyond the ends are no part of a smooth clip: pad with what comes next instead.
    net.conv.padding_mode, net.conv._reversed_padding_repeated_twice = 'replicate', [1, 1]
    new = adapted(net, 8, target)
    new.conv.padding_mode, new.conv._reversed_padding_repeated_twice = 'replicate', [1, 1]
    expected, actual = net(wave(8)) / 8, new(wave(target)) / target
    assert expected.std() > 0.01
    torch.testing.assert_close(actual, expected, rtol=0, atol=0.02)


@torch.no_grad()
def test_there_and_back():
    net, descriptor = offset_net(8), torch.randn(5, 6, 8)
    again = adapted(adapted(net, 8, 16), 16, 8)
    torch.testing.assert_close(again(descriptor), net(descriptor))


def offsets_and_descriptors(recognizer, clips):
    """The offsets, in frames, and the input of each layer of a converted recognizer."""
    seen, hooks = {}, []
    for name, module in recognizer.backbone.named_modules():
        if isinstance(module, OffsetNet):

            def remember(module, inputs, output, name=name):
                seen[name] = output, inputs[0]

            hooks.append(module.register_forward_hook(remember))
    recognizer.backbone(clips.flatten(0, 1))
    for hook in hooks:
        hook.remove()
    return seen


@torch.no_grad()
def test_offsets_of_a_network_double():
    """Exact in the first layer; later the frames of a pair differ, and offsets are approximate."""
    source = {'state_dict': randomise(TSN(18, 8, 'TIN', 5), 8).state_dict()}
    short, long = (build(convert_checkpoint(source, frames).checkpoint) for frames in (8, 16))
    first, last = torch.randn(2, 6, 1, 3, 32, 32) + 2 * torch.randn(2, 6, 1, 3, 1, 1)
    clips = torch.lerp(first, last, torch.linspace(0, 1, 8).view(8, 1, 1, 1))
    expected = offsets_and_descriptors(short, clips)
    actual = offsets_and_descriptors(long, clips.repeat_interleave(2, dim=1))
    assert len(actual) == len(expected) == 8
    differences = {name: (actual[name][0] - 2 * offset).abs() for name, (offset, _) in expected.items()}
    assert differences['layer1.0.conv1.conv.net1.offset_net'].max() < 1e-4
    # A tenth of R, for offsets in (-4, 4). Random weights are a hard case.
    assert torch.stack(list(differences.values())).mean() < 0.4
    for name, (offset, descriptor) in expected.items():
        from_pairs = long.backbone.get_submodule(name)(descriptor.repeat_interleave(2, dim=2))
        torch.testing.assert_close(from_pairs, 2 * offset, rtol=1e-4, atol=1e-4)
