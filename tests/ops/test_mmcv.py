"""mmcv's tin_shift: its own gradient is wrong, mmtin's is not.

On a machine without CUDA a stand-in takes the place of mmcv's operator, fault included.
"""

import sys
import types

import pytest
import torch
from cases import assert_matches_reference, gradients, make, naive_shift, shapes, shifts_of_every_kind
from torch.autograd.gradcheck import GradcheckError

from mmtin.ablation.mmcv_gradient import MMCVShift
from mmtin.ops import mmcv as backend
from mmtin.ops import tin_shift

dtypes = pytest.mark.parametrize(
    'dtype', backend.DTYPES, ids=lambda dtype: str(dtype).removeprefix('torch.')
)


class MMCVKernel:
    """mmcv's operator on plain torch, as strict and as wrong as mmcv's, counting its launches."""

    launched = 0

    @staticmethod
    def tin_shift(input, shift):
        # The kernel indexes raw memory: it takes other layouts and types without a word.
        assert input.dim() == 4 and input.is_contiguous() and shift.is_contiguous()
        assert shift.dtype == torch.int32 and input.dtype != torch.bfloat16
        assert input.numel() > 0, 'CUDA error: invalid configuration argument'
        MMCVKernel.launched += 1
        return MMCVShift.apply(input, shift)


@pytest.fixture
def mmcv_ops(monkeypatch):
    module = types.ModuleType('mmcv.ops')
    module.tin_shift = MMCVKernel.tin_shift
    monkeypatch.setitem(sys.modules, 'mmcv.ops', module)
    monkeypatch.setattr(MMCVKernel, 'launched', 0)
    return module


@pytest.mark.parametrize('shift', [1, -1, 2], ids=lambda shift: f'shift{shift}')
def test_gradient_of_mmcv_itself_moves_the_wrong_way(mmcv_ops, shift):
    x = torch.randn(1, 5, 2, 3, dtype=torch.float64, requires_grad=True)
    frames, grad_output = torch.tensor([[shift]], dtype=torch.int32), torch.randn(x.shape).double()
    theirs, right = mmcv_ops.tin_shift(x, frames), tin_shift(x, frames, 'reference')
    assert torch.equal(theirs, right)
    (theirs,), (right,) = (gradients(output, x, grad_output) for output in (theirs, right))
    assert torch.equal(theirs, naive_shift(grad_output, frames))
    assert torch.equal(right, naive_shift(grad_output, -frames))
    with pytest.raises(GradcheckError):
        torch.autograd.gradcheck(mmcv_ops.tin_shift, (x, frames))


def test_mmcvs_own_test_cannot_see_it(mmcv_ops):
    """With ``atol=1`` the same wrong gradient passes."""
    x = torch.rand(1, 5, 2, 3, dtype=torch.float64, requires_grad=True)
    frames = torch.tensor([[1]], dtype=torch.int32)
    assert torch.autograd.gradcheck(mmcv_ops.tin_shift, (x, frames), atol=1, rtol=0.1)


@shapes
@dtypes
def test_backend_matches_reference(mmcv_ops, monkeypatch, dtype, shape):
    # By name the backend refuses to run on the CPU, where its stand-in does.
    monkeypatch.setattr(backend, 'unavailable', lambda device: None)
    x, offset, weight = make(shape, dtype)
    assert_matches_reference('mmcv', x, offset, weight, torch.randn(x.shape).to(dtype))
    assert (MMCVKernel.launched > 0) == (x.numel() > 0)


@shapes
@pytest.mark.parametrize('shift_dtype', [torch.int8, torch.int32, torch.int64], ids=str)
def test_shift_and_its_gradient(mmcv_ops, shift_dtype, shape):
    n, t, c, g, space = shape
    x, shift = (
        torch.randn(n, t, c, *space, requires_grad=True),
        shifts_of_every_kind(n, t, g).to(shift_dtype),
    )
    output = backend.tin_shift(x, shift)
    assert torch.equal(output, naive_shift(x, shift))
    # Expanded, as the gradient of a sum over space is.
    grad_output = torch.randn(n, t, c, *[1] * len(space)).expand(x.shape)
    (grad,) = gradients(output, x, grad_output)
    assert torch.equal(grad, naive_shift(grad_output, -shift.long()))


@pytest.mark.parametrize('shift_dtype', [torch.int8, torch.uint8, torch.int16], ids=str)
def test_short_integers_and_long_clips(mmcv_ops, shift_dtype):
    x, shift = torch.randn(1, 300, 2, 1), torch.tensor([[100, 2]], dtype=shift_dtype)
    assert torch.equal(backend.tin_shift(x, shift), naive_shift(x, shift))


@pytest.mark.parametrize('huge', [2**31 + 1, -(2**31) - 1, 2**62], ids=str)
def test_huge_shifts_give_zeros_not_wrapped_frames(mmcv_ops, huge):
    assert backend.tin_shift(torch.ones(1, 4, 2, 3), torch.tensor([[huge]])).count_nonzero() == 0


@pytest.mark.parametrize('space', [(), (2,), (2, 1)], ids=str)
def test_gradcheck(mmcv_ops, space):
    x = torch.randn(2, 4, 6, *space, dtype=torch.float64, requires_grad=True)
    offset = torch.tensor([[0.3, -0.4, 1.7], [-2.6, 3.5, -7.5]], dtype=torch.float64, requires_grad=True)
    weight = torch.rand(2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(backend.tin_shift, (x, torch.tensor([[0, -1, 2], [3, -4, 9]])))
    assert torch.autograd.gradcheck(backend.temporal_interlace, (x, offset, weight))


def test_non_contiguous_clips_and_shifts(mmcv_ops):
    frames = torch.randn(8, 12, 3, 5).contiguous(memory_format=torch.channels_last)
    x = frames[:, :6].unflatten(0, (2, 4))
    shift = torch.tensor([[0, 1], [2, -1], [-3, 4]]).t()
    assert not (x.is_contiguous() or shift.is_contiguous())
    assert torch.equal(backend.tin_shift(x, shift), naive_shift(x, shift))


def test_bfloat16_is_refused(mmcv_ops):
    x = torch.zeros(1, 2, 2, 1, dtype=torch.bfloat16)
    with pytest.raises(TypeError, match=r"got torch\.bfloat16; use backend='matrix'"):
        backend.tin_shift(x, torch.zeros(1, 1, dtype=torch.int32))
    with pytest.raises(TypeError, match=r'got torch\.bfloat16'):
        backend.temporal_interlace(x, torch.zeros(1, 1), torch.ones(1, 2, 1))


def test_says_why_it_cannot_run(monkeypatch):
    assert 'CUDA kernel only; the tensors are on cpu' in backend.unavailable(torch.device('cpu'))
    # None in sys.modules is how Python spells "cannot be imported".
    monkeypatch.setitem(sys.modules, 'mmcv.ops', None)
    reason = backend.unavailable(torch.device('cuda'))
    assert 'no compiled operators' in reason and 'pip install --no-build-isolation mmcv==2.1.0' in reason
    monkeypatch.setitem(sys.modules, 'mmcv.ops', types.ModuleType('mmcv.ops'))
    assert backend.unavailable(torch.device('cuda')) is None


cannot_run = backend.unavailable(torch.device('cuda')) or not torch.cuda.is_available()


@pytest.mark.skipif(bool(cannot_run), reason="mmcv's kernel needs CUDA and the compiled mmcv")
@shapes
@dtypes
def test_the_real_kernel(dtype, shape):
    x, offset, weight = (tensor.detach().cuda().requires_grad_() for tensor in make(shape, dtype))
    assert_matches_reference('mmcv', x, offset, weight, torch.randn(x.shape).to(x))
