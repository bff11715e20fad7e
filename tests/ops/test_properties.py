"""Properties of every backend for any clips, shifts and offsets.

hypothesis draws sizes, types and values; its examples are the same in every run.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from cases import DTYPES, backends
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tolerance import RELATIVE, assert_close
from torch import Tensor

from mmtin.ops import temporal_interlace, tin_shift


@dataclass
class Case:
    """An operator, and what it takes: ``moves`` are shifts ``[N, G]`` or offsets in frames."""

    operator: Callable[..., Tensor]
    backend: str
    x: Tensor
    moves: Tensor
    weight: Tensor

    def __call__(self, x: Tensor | None = None, moves: Tensor | None = None, weight: Tensor | None = None):
        x, moves = self.x if x is None else x, self.moves if moves is None else moves
        if self.operator is tin_shift:
            return tin_shift(x, moves, self.backend)
        return temporal_interlace(x, moves, self.weight if weight is None else weight, self.backend)

    @property
    def width(self) -> int:
        """Channels of a group."""
        return self.x.shape[2] // self.moves.shape[-1]

    @property
    def is_exact(self) -> bool:
        """Whether the operator only moves numbers."""
        return self.operator is tin_shift

    def assert_same(self, actual: Tensor, expected: Tensor) -> None:
        if self.is_exact:
            assert torch.equal(actual, expected)
        else:
            assert_close(actual, expected, self.x.dtype)


def moves_of(draw, operator, t, count) -> list[float]:
    """Inside the clip, at its ends and far beyond; offsets also between frames."""
    whole = st.integers(-2 * t, 2 * t)
    far = st.sampled_from([-(2**40), 2**40])
    if operator is tin_shift:
        kinds = st.one_of(whole, whole, far)
    else:
        between = st.floats(-2 * t, 2 * t, width=32)
        kinds = st.one_of(between, between, whole, far, st.sampled_from([-3e38, 3e38, 1e-30, -1e-30]))
    return draw(st.lists(kinds, min_size=count, max_size=count))


@st.composite
def cases(draw, operator, backend, per_frame):
    n, t, g, width = draw(
        st.tuples(*(st.integers(low, high) for low, high in ((0, 3), (1, 9), (1, 4), (1, 3))))
    )
    space = draw(st.lists(st.integers(0, 4), max_size=3))
    dtype = torch.float32 if backend == 'native' else draw(st.sampled_from(DTYPES))
    torch.manual_seed(draw(st.integers(0, 2**31)))
    # Few binary digits: sums and multiples of such numbers are exact in every type.
    x = torch.randint(-8, 9, (n, t, g * width, *space)).to(dtype)
    shape = (n, t, g) if per_frame else (n, g)
    moves = torch.tensor(moves_of(draw, operator, t, math.prod(shape))).reshape(shape)
    precise = torch.promote_types(dtype, torch.float32)
    moves = moves.long() if operator is tin_shift else moves.to(precise)
    return Case(operator, backend, x, moves, 2 * torch.rand(n, t, g).to(precise))


def every_operator(holds: Callable[[Case], None], per_frame: bool = True):
    """Make ``holds(case)`` a test of both operators by every backend, also with offsets per frame."""
    kinds = {'tin_shift': (tin_shift, False), 'temporal_interlace': (temporal_interlace, False)}
    if per_frame:
        kinds['temporal_interlace per frame'] = temporal_interlace, True

    @backends
    @pytest.mark.parametrize(('operator', 'per_frame'), kinds.values(), ids=kinds)
    def test(operator, per_frame, backend):
        limits = settings(
            # Triton's interpreter is slow.
            max_examples=6 if backend == 'triton' else 30,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        limits(given(cases(operator, backend, per_frame))(holds))()

    test.__doc__ = holds.__doc__
    return test


# What does not hold where several frames may come from one.
every_operator_of_clips = partial(every_operator, per_frame=False)


@every_operator
def test_linear_in_the_clips(case):
    a, b, y = 0.5, -2, torch.randint(-8, 9, case.x.shape).to(case.x.dtype)
    apart = a * case().double() + b * case(y).double()
    error = (case(a * case.x + b * y).double() - apart).abs()
    # Of what is added up, which may cancel; weights are at most 2.
    scale = 2 * (abs(a) * case.x.double().abs() + abs(b) * y.double().abs()).sum(1, keepdim=True)
    assert (error <= (0 if case.is_exact else RELATIVE[case.x.dtype] * scale)).all()


@every_operator
def test_backward_is_the_adjoint(case):
    """<A x, y> = <x, A' y>."""
    x, y = case.x.requires_grad_(), torch.randint(-8, 9, case.x.shape).to(case.x.dtype)
    output = case()
    (adjoint,) = torch.autograd.grad(output, x, y)
    products = (output * y).double(), (x * adjoint).double()
    error = abs(products[0].sum() - products[1].sum())
    assert error <= RELATIVE[x.dtype] * sum(product.abs().sum() for product in products)
    if case.is_exact:
        assert torch.equal(adjoint, case(y, -case.moves))


@every_operator
def test_no_move_is_the_identity(case):
    assert torch.equal(case(moves=0 * case.moves, weight=torch.ones_like(case.weight)), case.x)


@every_operator_of_clips
def test_opposite_whole_shifts_undo_each_other_inside_the_clip(case):
    shift = case.moves.double().round().clamp(-(2**40), 2**40)
    moves, ones = shift.to(case.moves.dtype), torch.ones_like(case.weight)
    back = case(case(moves=moves, weight=ones), -moves, ones)
    goes_to = torch.arange(case.x.shape[1])[:, None] + shift[:, None]  # [N, T, G]
    stays = ((goes_to >= 0) & (goes_to < case.x.shape[1])).repeat_interleave(case.width, dim=2)
    stays = stays.reshape(stays.shape + (1,) * (case.x.dim() - 3))
    assert torch.equal(back, case.x * stays)


@every_operator
def test_reversed_time_has_opposite_moves(case):
    moves = case.moves.flip(1) if case.moves.dim() == 3 else case.moves
    case.assert_same(case(case.x.flip(1), -moves, case.weight.flip(1)), case().flip(1))


@every_operator
def test_groups_do_not_mix(case):
    order = torch.randperm(case.moves.shape[-1])
    groups = case.x.unflatten(2, (len(order), case.width))
    permuted = case(
        groups[:, :, order].reshape(case.x.shape), case.moves[..., order], case.weight[..., order]
    )
    expected = case().unflatten(2, (len(order), case.width))[:, :, order].reshape(case.x.shape)
    case.assert_same(permuted, expected)


@every_operator
def test_clips_do_not_mix(case):
    some = torch.randperm(case.x.shape[0])[:2]
    case.assert_same(case(case.x[some], case.moves[some], case.weight[some]), case()[some])


@every_operator_of_clips
def test_whole_offsets_are_shifts(case):
    shift = case.moves.double().round().clamp(-(2**40), 2**40)
    if case.is_exact:
        other = temporal_interlace(case.x, shift, backend=case.backend)
    else:
        other = tin_shift(case.x, shift.long(), case.backend)
    assert torch.equal(other, case(moves=shift.to(case.moves.dtype), weight=torch.ones_like(case.weight)))


@every_operator
def test_gradients_are_finite_and_zero_for_frames_that_leave(case):
    inputs = [case.x] if case.is_exact else [case.x, case.moves, case.weight]
    for tensor in inputs:
        tensor.requires_grad_()
    output = case()
    grads = torch.autograd.grad(output, inputs, torch.randn_like(output))
    assert all(grad.isfinite().all() for grad in (output, *grads))
    beyond = case.moves.abs() >= case.x.shape[1]
    if case.moves.dim() == 3:
        beyond = beyond.all(1)  # no frame that comes out reads within the clip
    beyond = beyond.repeat_interleave(case.width, dim=1)
    assert grads[0].transpose(1, 2)[beyond].count_nonzero() == 0
