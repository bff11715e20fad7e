"""Inputs that the operator tests share, and the contract of the operators as plain loops."""

import pytest
import torch
from tolerance import assert_close

from mmtin.ops import available_backends, temporal_interlace

DEVICES = ['cpu', 'cuda'] if torch.cuda.is_available() else ['cpu']
# mmcv's has types and tests of its own.
BACKENDS = tuple(
    dict.fromkeys(
        backend for device in DEVICES for backend in available_backends(device) if backend != 'mmcv'
    )
)
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
SHAPES = {
    'N1-T1-C4-G1': (1, 1, 4, 1, ()),
    'N2-T3-C6-G3': (2, 3, 6, 3, ()),
    'N3-T5-C6-G2-S7': (3, 5, 6, 2, (7,)),
    'N2-T8-C8-G4-S5x3': (2, 8, 8, 4, (5, 3)),
    'N1-T7-C5-G5-S2x3x1': (1, 7, 5, 5, (2, 3, 1)),
    'N0-T4-C4-G2-S3x3': (0, 4, 4, 2, (3, 3)),
    'N2-T4-C4-G2-S0x3': (2, 4, 4, 2, (0, 3)),
}
shapes = pytest.mark.parametrize('shape', SHAPES.values(), ids=SHAPES)
dtypes = pytest.mark.parametrize('dtype', DTYPES, ids=lambda dtype: str(dtype).removeprefix('torch.'))
offsets = pytest.mark.parametrize('per_frame', [False, True], ids=['offsets-per-clip', 'offsets-per-frame'])
backends = pytest.mark.parametrize('backend', BACKENDS)
precise_backends = pytest.mark.parametrize('backend', [name for name in BACKENDS if name != 'native'])


def finest(backend):
    """The most precise type that a backend computes in."""
    return torch.float32 if backend == 'native' else torch.float64


def offsets_of_every_kind(n, t, g, per_frame=False):
    """Whole, fractional, zero, negative and beyond both ends of the clip, for T frames."""
    if per_frame:
        return offsets_of_every_kind(n * t, t, g).reshape(n, t, g)
    kinds = [0.25, -0.75, 1.0, -1.0, 0.0, t - 0.5, 0.5 - t, float(t), -t - 0.25, 3 * t + 0.5, -0.001, 2.0]
    return torch.tensor(kinds).repeat(n * g)[: n * g * 5 : 5].reshape(n, g)


def shifts_of_every_kind(n, t, g):
    kinds = [1, -1, 0, t - 1, 1 - t, t, -t, 2 * t + 1, -3 * t, 2, -2]
    return torch.tensor(kinds).repeat(n * g)[: n * g * 3 : 3].reshape(n, g)


def naive_shift(x, shift):
    """The contract of tin_shift, element by element."""
    (n, t, c), g = x.shape[:3], shift.shape[1]
    out = torch.zeros(x.shape, dtype=x.dtype)
    for clip in range(n):
        for frame in range(t):
            for channel in range(c):
                target = frame + int(shift[clip, channel // (c // g)])
                if 0 <= target < t:
                    out[clip, target, channel] = x[clip, frame, channel]
    return out


def naive_interlace(x, offset, weight):
    """The contract of temporal_interlace, element by element, in double precision."""
    (n, t, c), g = x.shape[:3], offset.shape[-1]
    if offset.dim() == 2:
        offset = offset[:, None].expand(n, t, g)
    x, offset, weight = x.double(), offset.double(), weight.double()
    out = torch.zeros_like(x)
    for clip in range(n):
        for channel in range(c):
            group = channel // (c // g)
            for to in range(t):
                for source in range(t):
                    share = max(0.0, 1 - abs(to - source - offset[clip, to, group].item()))
                    out[clip, to, channel] += weight[clip, to, group] * share * x[clip, source, channel]
    return out


def make(shape, dtype=torch.float32, per_frame=False):
    n, t, c, g, space = shape
    x = torch.randn(n, t, c, *space).to(dtype).requires_grad_()
    precise = torch.promote_types(dtype, torch.float32)
    offset = offsets_of_every_kind(n, t, g, per_frame).to(precise).requires_grad_()
    weight = (2 * torch.rand(n, t, g)).to(precise).requires_grad_()
    return x, offset, weight


def gradients(output, inputs, grad_output):
    return torch.autograd.grad(output, inputs, grad_output.to(output.dtype))


def assert_matches_reference(backend, x, offset, weight, grad_output):
    """Outputs and gradients of ``backend`` against the reference in double precision."""
    exact = [tensor.detach().double().requires_grad_() for tensor in (x, offset, weight)]
    expected = temporal_interlace(*exact, backend='reference')
    actual = temporal_interlace(x, offset, weight, backend=backend)
    assert actual.dtype == x.dtype
    assert_close(actual, expected, x.dtype)
    pairs = zip(
        ('x', 'offset', 'weight'),
        gradients(actual, (x, offset, weight), grad_output),
        gradients(expected, exact, grad_output),
        strict=True,
    )
    for name, got, wanted in pairs:
        assert_close(got, wanted, x.dtype, f'gradient of {name}')
