"""Frame by frame is the clip-wise network: of causal networks, for any length and many streams."""

import re

import pytest
import torch
from torch import nn

from mmtin.errors import UserError
from mmtin.models import TemporalInterlace, TINResNet, restart_streams, stream_step

CAUSAL = dict(offsets_per='frame', causal=True, reverse=False, groups=4)


def make(depth=18, num_segments=12, **options):
    """A causal network in which every offset, weight and frame counts."""
    network = TINResNet(depth, num_segments=num_segments, pretrained=None, **CAUSAL, **options).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv1d):
                nn.init.normal_(module.weight, std=0.5)
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(std=0.1)
                module.running_var.uniform_(0.5, 1.5)
    return network


def parts_of(state):
    return [part for frames, *others in state for part in (*frames, *others)]


def step_through(network, clips, state=None):
    """``[N, T, 3, H, W]`` frame by frame -> features ``[N, T, C, h, w]`` and the last state."""
    outputs = []
    for frames in clips.unbind(1):
        output, state = network.step(frames, state)
        outputs.append(output)
    return torch.stack(outputs, 1), state


@pytest.mark.parametrize(
    ('depth', 'options'),
    [
        (18, {}),
        (18, dict(max_offset=2.5, interlace_stages=(1, 3))),
        (50, dict(max_offset=7.0, shift_div=8)),
    ],
    ids=['R18', 'R18 with other options', 'R50'],
)
@pytest.mark.parametrize('fused', [False, True], ids=['plain', 'fused'])
# The layers of this network, which was never trained, let rounding grow.
@pytest.mark.parametrize(
    ('dtype', 'tolerance'), [(torch.float64, 1e-12), (torch.float32, 1e-4), (torch.bfloat16, 0.2)], ids=str
)
@torch.no_grad()
def test_step_is_the_clipwise_network(depth, options, fused, dtype, tolerance):
    network = make(depth, **options).to(dtype)
    if fused:
        network.fuse_for_inference()
    clips = torch.randn(2, 12, 3, 32, 40, dtype=dtype)
    expected = network(clips.flatten(0, 1)).unflatten(0, (2, 12))
    actual, _ = step_through(network, clips)
    assert (actual - expected).abs().max() < tolerance * expected.abs().max()
    assert (expected[:, 1:] - expected[:, :-1]).abs().max() > 1e-2 * expected.abs().max()


@torch.no_grad()
def test_offsets_reach_back_and_matter():
    """Each frame within reach changes what is said of the last one; what lies beyond does not."""
    module = TemporalInterlace(16, 6, max_offset=2.0, **CAUSAL)
    nn.init.zeros_(module.offset_net.conv2.weight)
    nn.init.constant_(module.offset_net.conv2.bias, 0.5)  # 2 * sigmoid(0.5) = 1.24 frames
    frames = torch.randn(6, 16, 3, 3)
    last = module(frames)[-1]
    for place in range(6):
        # The mean over space, from which weights come, stays.
        changed = frames.clone()
        changed[place] = changed[place].flip(-1)
        assert torch.equal(module(changed)[-1, :4], last[:4]) == (place not in (3, 4)), place


@torch.no_grad()
def test_no_later_frame_counts():
    network = make()
    clip = torch.randn(12, 3, 32, 32)
    expected = network(clip)
    for first_changed in (1, 5, 11):
        changed = clip.clone()
        changed[first_changed:] = torch.randn(12 - first_changed, 3, 32, 32)
        actual = network(changed)
        assert torch.equal(actual[:first_changed], expected[:first_changed])
        assert not torch.equal(actual[first_changed], expected[first_changed])


@torch.no_grad()
def test_streams_begin_anew_apart_from_each_other():
    network = make()
    first, second = torch.randn(2, 3, 5, 3, 32, 32).unbind()
    _, state = step_through(network, first)
    expected_anew, _ = step_through(network, second)
    expected_on, _ = step_through(network, second, state)
    actual, _ = step_through(network, second, restart_streams(state, [1]))
    torch.testing.assert_close(actual[1], expected_anew[1])
    torch.testing.assert_close(actual[[0, 2]], expected_on[[0, 2]])
    for part in parts_of(state):
        part[1] = torch.nan  # as of a broken picture
    assert torch.equal(step_through(network, second, restart_streams(state, [1]))[0], actual)
    with pytest.raises(UserError, match='the streams are 0 to 2, got 1, 3'):
        restart_streams(state, [3, 1])


@torch.no_grad()
def test_state_is_left_alone_and_does_not_grow():
    network = make()
    frames = torch.randn(2, 3, 32, 32)
    _, state = network.step(frames)
    before = [part.clone() for part in parts_of(state)]
    first, later = network.step(frames, state)
    again, _ = network.step(frames, state)
    assert torch.equal(first, again)
    assert all(map(torch.equal, before, parts_of(state)))
    shapes = [part.shape for part in parts_of(state)]
    for _ in range(20):
        _, later = network.step(frames, later)
    assert [part.shape for part in parts_of(later)] == shapes
    held = sum(part.untyped_storage().nbytes() for part in parts_of(later))
    needed = sum(part.numel() * part.element_size() for part in parts_of(later))
    assert held < 2 * needed, 'the state keeps hold of more memory than it shows'


@torch.no_grad()
def test_a_hook_sees_the_small_networks_and_changes_nothing():
    network, seen = make(), []
    clips = torch.randn(1, 4, 3, 32, 32)
    expected, _ = step_through(network, clips)
    interlace = next(module for module in network.modules() if isinstance(module, TemporalInterlace))
    hook = interlace.offset_net.register_forward_pre_hook(lambda *_: seen.append(1))
    actual, _ = step_through(network, clips)
    hook.remove()
    torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize('second', ['channels_last', 'double precision'])
@torch.no_grad()
def test_a_stream_goes_on_with_a_state_of_another_layout(second):
    network = make()
    first, then = torch.randn(2, 2, 3, 3, 32, 32)
    expected, _ = step_through(network, torch.cat([first, then], 1))
    _, state = step_through(network, first)
    if second == 'channels_last':
        network.to(memory_format=torch.channels_last)
        then = then.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    else:
        state = tuple(
            type(of_one)(
                tuple(frame.double() for frame in of_one.frames), *(p.double() for p in of_one[1:])
            )
            for of_one in state
        )
    actual, _ = step_through(network, then, state)
    torch.testing.assert_close(actual, expected[:, 3:], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_weights_fit_any_number_of_frames():
    short, long = make(num_segments=8), TINResNet(18, num_segments=32, **CAUSAL).eval()
    long.load_state_dict(short.state_dict(), strict=True)
    clip = torch.randn(32, 3, 32, 32)
    torch.testing.assert_close(long(clip)[:8], short(clip[:8]))


def test_refused():
    with pytest.raises(UserError, match="set offsets_per='frame' and reverse=False, got 'clip' and True"):
        TINResNet(18, causal=True)
    with pytest.raises(UserError, match="offsets_per must be 'clip' or 'frame', got 'video'"):
        TINResNet(18, offsets_per='video')
    with pytest.raises(UserError, match='temporal_pool and non_local look at later frames'):
        TINResNet(18, temporal_pool=True, **CAUSAL)
    with pytest.raises(UserError, match='initial_offset must be above 0 and less than max_offset=4'):
        TINResNet(18, initial_offset=-1.0, **CAUSAL)
    frames = torch.randn(2, 3, 32, 32)
    network = make()
    with pytest.raises(UserError, match='TINResNet is in training; frame by frame goes'):
        network.train().step(frames)
    with pytest.raises(UserError, match='Conv2d interlaces no frames'):
        stream_step(nn.Conv2d(3, 3, 1).eval(), frames)
    with pytest.raises(UserError, match='not causal takes whole clips; build it with causal=True'):
        TINResNet(18, offsets_per='frame').eval().step(frames)
    _, state = network.eval().step(frames)
    shown = re.escape('[2, 16, 8, 8], not [2, 16, 16, 16]; start with state=None')
    with pytest.raises(UserError, match=f'the state is of other streams: .* {shown}'):
        network.step(torch.randn(2, 3, 64, 64), state)
    with pytest.raises(UserError, match='the state is of a network with 7 interlacings, this one has 8'):
        network.step(frames, state[1:])
    # A step that failed leaves the network as it was.
    assert network(torch.randn(12, 3, 32, 32)).shape == (12, 512, 1, 1)
