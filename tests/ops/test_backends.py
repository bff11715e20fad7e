"""Every backend against the reference: dtypes, layouts, outputs and all gradients."""

import pytest
import torch
from cases import (
    BACKENDS,
    SHAPES,
    assert_matches_reference,
    backends,
    dtypes,
    gradients,
    make,
    naive_shift,
    offsets,
    offsets_of_every_kind,
    shapes,
    shifts_of_every_kind,
)
from tolerance import assert_close

from mmtin.ops import temporal_interlace, tin_shift

LAYOUTS = ['transposed', 'strided', 'channels_last', 'slice of channels_last', 'expanded']


@shapes
@dtypes
@offsets
@backends
def test_backend_matches_reference(backend, dtype, shape, per_frame):
    x, offset, weight = make(shape, dtype, per_frame)
    if backend == 'native' and dtype not in (torch.float32, torch.bfloat16):
        with pytest.raises(TypeError, match='native kernels take float32 or bfloat16, got torch'):
            temporal_interlace(x, offset, weight, backend)
        return
    assert_matches_reference(backend, x, offset, weight, torch.randn(x.shape).to(dtype))


@backends
@pytest.mark.parametrize('shift_dtype', [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64])
def test_tin_shift_takes_every_integer_type(backend, shift_dtype):
    x = torch.randn(1, 200, 2, 3)
    shift = torch.tensor([[1, 120]])
    assert torch.equal(tin_shift(x, shift.to(shift_dtype), backend), naive_shift(x, shift))


@backends
@pytest.mark.parametrize('huge', [2**31 + 1, -(2**31) - 1, 2**62, -(2**62)])
def test_huge_shifts_give_zeros_not_wrapped_frames(backend, huge):
    x = torch.randn(1, 4, 2, 3)
    assert tin_shift(x, torch.tensor([[huge]]), backend).count_nonzero() == 0
    assert temporal_interlace(x, torch.tensor([[float(huge)]]), backend=backend).count_nonzero() == 0


@backends
@offsets
@pytest.mark.parametrize(
    'layout', ['transposed', 'strided', 'channels_last', 'slice of channels_last', 'expanded']
)
def test_layouts(backend, layout, per_frame):
    n, t, c, h, w = 2, 4, 8, 3, 5
    frames = torch.randn(n * t, 2 * c, h, w).contiguous(memory_format=torch.channels_last)
    x = {
        'transposed': torch.randn(n, c, t, h, w).transpose(1, 2),
        'strided': torch.randn(n, 2 * t, c, h, 2 * w)[:, ::2, :, :, ::2],
        'channels_last': frames[:, :c].clone().unflatten(0, (n, t)),
        'slice of channels_last': frames[:, :c].unflatten(0, (n, t)),
        'expanded': torch.randn(n, 1, c, h, 1).expand(n, t, c, h, w),
    }[layout]
    assert not x.is_contiguous()
    x = x.detach().requires_grad_()
    if per_frame:
        offset = offsets_of_every_kind(n, t, 4, per_frame).transpose(0, 2).contiguous().transpose(0, 2)
    else:
        offset = offsets_of_every_kind(t, n, 4)[:, :n].t()
    offset.requires_grad_()
    weight = torch.rand(n, 4, t).transpose(1, 2).requires_grad_()
    assert not (offset.is_contiguous() or weight.is_contiguous())
    assert_matches_reference(backend, x, offset, weight, torch.randn(n, h, w, t, c).permute(0, 3, 4, 1, 2))
    whole = offsets_of_every_kind(n, t, 4).long()
    assert torch.equal(tin_shift(x, whole, backend), naive_shift(x.detach(), whole))


@backends
@offsets
@pytest.mark.parametrize('shape', [(1, 1, 1, 1, 1), (2, 5, 8, 1, 1), (2, 1, 8, 3, 4)], ids=str)
def test_expanded_gradients(backend, shape, per_frame):
    """Gradients of ``sum`` and ``mean`` have stride 0, which a kernel must not read as contiguous."""
    x, offset, weight = make((2, 5, 8, 4, (3, 4)), per_frame=per_frame)
    assert_matches_reference(backend, x, offset, weight, torch.randn(shape).expand(x.shape))


@backends
@offsets
def test_output_and_gradients_are_written_in_full(backend, per_frame):
    """New memory holds NaN, to show what a backend does not write."""
    torch.use_deterministic_algorithms(True)
    try:
        if not torch.empty(3).isnan().all():
            pytest.skip('torch 2.2 brought new memory that holds NaN')
        for shape in SHAPES.values():
            x, offset, weight = make(shape, per_frame=per_frame)
            assert_matches_reference(backend, x, offset, weight, torch.ones(x.shape))
            whole = shifts_of_every_kind(*x.shape[:2], offset.shape[-1])
            output = tin_shift(x, whole, backend)
            (grad,) = torch.autograd.grad(output.sum(), x)
            assert output.isfinite().all() and grad.isfinite().all()
    finally:
        torch.use_deterministic_algorithms(False)


@backends
@offsets
def test_inputs_are_left_alone(backend, per_frame):
    x, offset, weight = make((2, 4, 8, 4, (3,)), per_frame=per_frame)
    before = [tensor.detach().clone() for tensor in (x, offset, weight)]
    temporal_interlace(x, offset, weight, backend).sum().backward()
    for tensor, old in zip((x, offset, weight), before, strict=True):
        assert torch.equal(tensor, old)


@pytest.mark.parametrize('backend', ['auto', *BACKENDS])
@offsets
def test_autocast_keeps_dtype_and_precision(backend, per_frame):
    x, offset, weight = make((2, 4, 8, 4, (3,)), per_frame=per_frame)
    whole = shifts_of_every_kind(2, 4, 4)
    expected = temporal_interlace(x, offset, weight, 'reference')
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        actual = temporal_interlace(x, offset, weight, backend)
        shifted = tin_shift(x, whole, backend)
    assert shifted.dtype == torch.float32
    assert torch.equal(shifted, naive_shift(x, whole))
    assert_close(actual, expected, torch.float32)


@offsets
def test_compiles_in_one_graph(per_frame):
    x, offset, weight = make((2, 4, 8, 4, (3, 3)), per_frame=per_frame)
    compiled = torch.compile(temporal_interlace, fullgraph=True, backend='aot_eager')
    actual, expected = compiled(x, offset, weight), temporal_interlace(x, offset, weight)
    assert_close(actual, expected, torch.float32)
    grad_output = torch.randn(x.shape)
    for got, wanted in zip(
        gradients(actual, (x, offset, weight), grad_output),
        gradients(expected, (x, offset, weight), grad_output),
        strict=True,
    ):
        assert_close(got, wanted, torch.float32)
