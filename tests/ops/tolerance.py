"""The one tolerance of the operator tests."""

import torch

# Largest error as a share of the largest value of the reference: some units in the last place of each
# dtype, since a sum over frames, channels or pixels collects the roundings of its terms.
RELATIVE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


def assert_close(actual, expected, dtype, name='output'):
    """Compare with ``expected``, of higher precision or the same, as far as ``dtype`` allows."""
    assert actual.shape == expected.shape, f'{name}: {list(actual.shape)} != {list(expected.shape)}'
    # Compared first, since a comparison with NaN is false whichever way it is asked.
    assert torch.isfinite(actual).all(), f'{name}: not finite'
    if expected.numel() == 0:
        return
    error = (actual.double() - expected.double()).abs().max().item()
    scale = expected.double().abs().max().item()
    allowed = RELATIVE[dtype] * scale
    assert error <= allowed, f'{name}: error {error:.3g} > {RELATIVE[dtype]:g} * {scale:.3g}'
