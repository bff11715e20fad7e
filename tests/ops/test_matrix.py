"""The r-TCN kernel: interlacing as a matrix over time and as a temporal convolution."""

import pytest
import torch
from cases import DTYPES, backends, finest, offsets, offsets_of_every_kind
from torch.nn import functional

from mmtin.ops import interlace_matrix, temporal_interlace


@offsets
@pytest.mark.parametrize('weighted', [True, False], ids=['weighted', 'unweighted'])
def test_interlace_matrix_is_the_closed_form(weighted, per_frame):
    offset, frames = offsets_of_every_kind(3, 5, 4, per_frame).double(), torch.arange(5)
    weight = torch.rand(3, 5, 4).double() if weighted else None
    matrix = interlace_matrix(offset, weight, 5)
    delay = (frames[:, None] - frames).double()
    moved = offset.transpose(1, 2)[..., None] if per_frame else offset[..., None, None]
    expected = (1 - (delay - moved).abs()).clamp(min=0)
    if weighted:
        expected = expected * weight.permute(0, 2, 1)[..., None]
    assert matrix.shape == (3, 4, 5, 5)
    torch.testing.assert_close(matrix, expected)


def test_interlace_matrix_sums():
    """A frame is shared out in whole unless a share leaves the clip; so is what a frame receives."""
    offset = torch.tensor([[0.3, -1.4, 2.0, 9.5]]).double()
    matrix = interlace_matrix(offset, None, 6)[0]
    first = torch.tensor([[1, 1, 1, 1, 1, 0.7], [0, 0.6, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0], [0] * 6]).double()
    torch.testing.assert_close(matrix.sum(dim=1), first, msg='what each frame gives')
    torch.testing.assert_close(matrix.sum(dim=2), first.flip(1), msg='what each frame receives')


def test_interlace_matrix_keeps_the_dtype_of_offset():
    weight = torch.ones(1, 3, 2)
    for dtype in DTYPES:
        assert interlace_matrix(torch.zeros(1, 2, dtype=dtype), weight, 3).dtype == dtype


@backends
@pytest.mark.parametrize('offset', [0.0, 0.25, 1.5, -0.75, -2.0, 3.9])
def test_interlacing_is_a_temporal_convolution_with_two_neighbouring_taps(offset, backend):
    """The r-TCN of the paper, section "Analysis", with torch's own convolution over time."""
    n, t, c = 2, 8, 3
    x = torch.randn(n, t, c, dtype=finest(backend))
    low = int(offset // 1)
    share = offset - low
    reach = 5
    kernel = torch.zeros(c, 1, 2 * reach + 1, dtype=x.dtype)
    # conv1d correlates: tap k reads frame t + k - reach, so a delay of d frames is tap reach - d.
    kernel[:, 0, reach - low] = 1 - share
    kernel[:, 0, reach - low - 1] = share
    expected = functional.conv1d(x.transpose(1, 2), kernel, padding=reach, groups=c).transpose(1, 2)
    actual = temporal_interlace(x, torch.full((n, c), offset, dtype=x.dtype), backend=backend)
    torch.testing.assert_close(actual, expected)


def test_interlace_matrix_refuses():
    with pytest.raises(TypeError, match='offset must be a floating point tensor'):
        interlace_matrix(torch.zeros(2, 3).int(), None, 4)
    with pytest.raises(ValueError, match=r'offset must be \[N, G\] or \[N, T, G\] with T = 4, got \[3\]'):
        interlace_matrix(torch.zeros(3), None, 4)
    with pytest.raises(ValueError, match=r'\[2, 5, 3\], got \[2, 4, 3\]'):
        interlace_matrix(torch.zeros(2, 3), torch.ones(2, 4, 3), 5)
