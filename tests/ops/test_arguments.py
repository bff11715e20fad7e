"""Wrong arguments of the operators, and their errors."""

import pytest
import torch
from cases import BACKENDS, naive_shift, shifts_of_every_kind

from mmtin.ops import TINShift, temporal_interlace, tin_shift

CLIPS = torch.zeros(2, 4, 6, 3)
OFFSET = torch.zeros(2, 3)


@pytest.mark.parametrize(
    ('x', 'offset', 'weight', 'error', 'says'),
    [
        (CLIPS[0, 0], OFFSET, None, ValueError, r'x must be \[N, T, C, \*\].*got \[6, 3\]'),
        (CLIPS, OFFSET[0], None, ValueError, r'offset must be \[N, G\].*got \[3\]'),
        (CLIPS, OFFSET[:1], None, ValueError, r'x with N = 2 clips of T = 4 frames, got \[1, 3\]'),
        (CLIPS, OFFSET[:, None], None, ValueError, r'\[N, G\] or \[N, T, G\] .*, got \[2, 1, 3\]'),
        (CLIPS, torch.zeros(2, 4), None, ValueError, '6 channels of x must divide into the 4 groups'),
        (CLIPS, torch.zeros(2, 12), None, ValueError, '6 channels of x must divide into the 12 groups'),
        (CLIPS, torch.zeros(2, 0), None, ValueError, '0 groups of offset'),
        (CLIPS.int(), OFFSET, None, TypeError, 'x must be a floating point tensor, got torch.int32'),
        (CLIPS.cfloat(), OFFSET, None, TypeError, 'x must be a floating point tensor'),
        (CLIPS, OFFSET.int(), None, TypeError, 'offset must be a floating point tensor, got torch.int32'),
        (CLIPS, OFFSET, torch.ones(2, 3, 4), ValueError, r'\[2, 4, 3\], got \[2, 3, 4\]'),
        (CLIPS, OFFSET, torch.ones(2, 4, 1), ValueError, r'\[2, 4, 3\], got \[2, 4, 1\]'),
        (CLIPS, OFFSET, torch.ones(2, 4, 3).int(), TypeError, 'weight must be a floating point tensor'),
        (CLIPS, OFFSET.to('meta'), None, ValueError, 'device of x, cpu, got meta'),
        (CLIPS, OFFSET, torch.ones(2, 4, 3, device='meta'), ValueError, 'weight must be on the device'),
    ],
    ids=lambda value: value if isinstance(value, str) else '',
)
@pytest.mark.parametrize('backend', ['auto', *BACKENDS])
def test_temporal_interlace_refuses(backend, x, offset, weight, error, says):
    with pytest.raises(error, match=says):
        temporal_interlace(x, offset, weight, backend)


@pytest.mark.parametrize(
    ('x', 'shift', 'error', 'says'),
    [
        (CLIPS[0, 0], OFFSET.int(), ValueError, r'input must be \[N, T, C, \*\]'),
        (CLIPS, OFFSET.int()[0], ValueError, r'shift must be \[N, G\]'),
        (CLIPS, OFFSET.int()[:1], ValueError, r'input with N = 2 clips of T = 4 frames, got \[1, 3\]'),
        (CLIPS, torch.zeros(2, 4).int(), ValueError, '6 channels of input .* 4 groups of shift'),
        (CLIPS, OFFSET, TypeError, 'integer tensor.*torch.float32.*temporal_interlace'),
        (CLIPS, OFFSET.bool(), TypeError, 'integer tensor.*torch.bool'),
        (CLIPS.int(), OFFSET.int(), TypeError, 'input must be a floating point tensor, got torch.int32'),
        (CLIPS, OFFSET.int().to('meta'), ValueError, 'device of input'),
    ],
    ids=lambda value: value if isinstance(value, str) else '',
)
def test_tin_shift_refuses(x, shift, error, says):
    with pytest.raises(error, match=says):
        tin_shift(x, shift)


def test_backend_names():
    assert {'reference', 'matrix'} <= set(BACKENDS) and 'mmcv' not in BACKENDS
    with pytest.raises(ValueError, match=r"auto or one of .*matrix.*, got 'nearest'"):
        tin_shift(CLIPS, OFFSET.int(), 'nearest')
    with pytest.raises(
        ValueError, match=r"'mmcv' cannot run: .*CUDA kernel only; the tensors are on cpu.*matrix"
    ):
        temporal_interlace(CLIPS, OFFSET, backend='mmcv')


def test_module_is_the_function():
    x, shift = torch.randn(2, 4, 6, 3), shifts_of_every_kind(2, 4, 3)
    assert torch.equal(TINShift()(x, shift), naive_shift(x, shift))
    assert TINShift(backend='reference').backend == 'reference'
    with pytest.raises(ValueError, match='mmcv'):
        TINShift(backend='mmcv')(x, shift)
