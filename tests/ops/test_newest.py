"""The newest frame alone is the last frame of the clip."""

import pytest
import torch
from cases import dtypes
from tolerance import assert_close

from mmtin.ops import temporal_interlace
from mmtin.ops.newest import interlace_newest

LAYOUTS = ['planes', 'channels_last', 'no space']


def clip_of(layout, dtype, n=3, t=5, c=8):
    if layout == 'no space':
        return torch.randn(n, t, c).to(dtype)
    frames = torch.randn(n * t, c, 3, 5).to(dtype)
    if layout == 'channels_last':
        frames = frames.contiguous(memory_format=torch.channels_last)
    return frames.unflatten(0, (n, t))


@dtypes
@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('within', [False, True], ids=['new memory', 'slice of a wider tensor'])
def test_is_the_last_frame_of_the_clip(layout, dtype, within):
    clip = clip_of(layout, dtype)
    precise = torch.promote_types(dtype, torch.float32)
    offset = torch.tensor([[0, 0.25, 1, 3.75], [0.5, 2, 2.5, 3], [4, 0.999, 1e-9, 1.5]], dtype=precise)
    weight = 2 * torch.rand(3, 4, dtype=precise)
    expected = temporal_interlace(clip, offset, weight[:, None].expand(-1, 5, -1), 'reference')[:, -1]
    out = wide = None
    if within:
        wide = torch.full_like(torch.cat([clip[:, 0]] * 2, 1), 7)
        out = wide[:, :8]
    found = interlace_newest(list(clip.unbind(1)), offset, weight, out)
    assert found.dtype == dtype
    assert_close(found, expected, dtype)
    if within:
        assert_close(wide[:, :8], expected, dtype)
        assert (wide[:, 8:] == 7).all(), 'wrote beside its slice'


def test_frames_of_other_memory_formats():
    clip = clip_of('planes', torch.float32)
    frames = [frame.contiguous(memory_format=torch.channels_last) for frame in clip.unbind(1)]
    mixed = [*clip.unbind(1)[:2], *frames[2:]]
    offset, weight = torch.full((3, 4), 2.25), torch.ones(3, 4)
    expected = interlace_newest(list(clip.unbind(1)), offset, weight)
    torch.testing.assert_close(interlace_newest(mixed, offset, weight), expected)


@pytest.mark.parametrize('first', [0, 1], ids=['dense first', 'slice first'])
def test_frames_of_other_strides(first):
    clip = clip_of('channels_last', torch.float32)
    frames = list(clip.unbind(1))
    for place in range(first, len(frames), 2):
        frames[place] = torch.cat([frames[place]] * 3, 1)[:, 8:16]
    offset, weight = torch.full((3, 4), 2.25), torch.ones(3, 4)
    expected = interlace_newest(list(clip.unbind(1)), offset, weight)
    torch.testing.assert_close(interlace_newest(frames, offset, weight), expected)


def test_nothing_is_nothing():
    frames = [torch.zeros(0, 8, 3, 3)] * 3
    assert interlace_newest(frames, torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0, 8, 3, 3)
