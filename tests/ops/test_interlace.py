"""The operators against the formulas of their contract."""

import pytest
import torch
from cases import (
    backends,
    finest,
    make,
    naive_interlace,
    naive_shift,
    offsets,
    precise_backends,
    shapes,
    shifts_of_every_kind,
)
from tolerance import assert_close

from mmtin.ops import temporal_interlace, tin_shift


@shapes
@backends
def test_tin_shift_is_the_contract(backend, shape):
    n, t, c, g, space = shape
    x, shift = torch.randn(n, t, c, *space), shifts_of_every_kind(n, t, g)
    assert torch.equal(tin_shift(x, shift, backend), naive_shift(x, shift))


@shapes
@offsets
@backends
def test_temporal_interlace_is_the_contract(backend, per_frame, shape):
    x, offset, weight = make(shape, finest(backend), per_frame)
    expected = naive_interlace(x.detach(), offset, weight)
    assert_close(temporal_interlace(x, offset, weight, backend), expected, x.dtype)


@backends
@pytest.mark.parametrize('shift', [2, -2, 5, -9])
def test_gradient_of_a_sum_counts_the_frames_that_stay(backend, shift):
    x = torch.randn(1, 5, 2, 3, requires_grad=True)
    tin_shift(x, torch.tensor([[shift]]), backend).sum().backward()
    stays = [0 <= frame + shift < 5 for frame in range(5)]
    assert torch.equal(x.grad, torch.tensor(stays).float()[None, :, None, None].expand(x.shape))


@backends
@offsets
def test_gradient_at_whole_offsets_is_the_one_from_above(backend, per_frame):
    dtype = finest(backend)
    # In single precision a smaller step would vanish, and a larger one shows in the derivative.
    step, tolerance = (1e-6, 1e-4) if dtype == torch.float64 else (1e-4, 1e-2)
    x, weight = torch.randn(1, 6, 4, 3, dtype=dtype), torch.rand(1, 6, 4, dtype=dtype)
    whole = torch.tensor([[0.0, 1.0, -2.0, 6.0]], dtype=dtype)
    if per_frame:
        whole = torch.stack([whole.roll(t, 1) for t in range(6)], 1)
    whole.requires_grad_()
    above = (whole + step).detach().requires_grad_()
    (at,) = torch.autograd.grad(temporal_interlace(x, whole, weight, backend).square().sum(), whole)
    (near,) = torch.autograd.grad(temporal_interlace(x, above, weight, backend).square().sum(), above)
    torch.testing.assert_close(at, near, rtol=tolerance, atol=tolerance)


@precise_backends
@offsets
@pytest.mark.parametrize('space', [(), (3,), (2, 2)], ids=str)
def test_gradcheck(backend, per_frame, space):
    x = torch.randn(2, 4, 6, *space, dtype=torch.float64, requires_grad=True)
    # Away from whole numbers, where the derivative jumps.
    offset = torch.tensor([[0.3, -0.4, 1.7], [-2.6, 3.5, -7.5]], dtype=torch.float64)
    if per_frame:
        offset = offset[:, None] * torch.tensor([1, 0.5, -0.5, -1], dtype=torch.float64)[:, None]
    offset.requires_grad_()
    weight = torch.rand(2, 4, 3, dtype=torch.float64, requires_grad=True)
    shift = torch.tensor([[0, -1, 2], [3, -4, 9]])
    # Random directions rather than every element, since Triton's interpreter is slow.
    fast = backend == 'triton'
    assert torch.autograd.gradcheck(lambda clips: tin_shift(clips, shift, backend), x, fast_mode=fast)
    assert torch.autograd.gradcheck(
        lambda *inputs: temporal_interlace(*inputs, backend=backend), (x, offset, weight), fast_mode=fast
    )


@backends
def test_no_weight_means_ones(backend):
    x, offset, _ = make((2, 4, 8, 4, (3,)))
    ones = torch.ones(2, 4, 4)
    assert torch.equal(
        temporal_interlace(x, offset, backend=backend), temporal_interlace(x, offset, ones, backend)
    )
