"""Temporal interlacing as pure functions on tensors. Knows torch, nothing of MMAction2."""

from mmtin.ops.interlace import (
    TINShift,
    available_backends,
    interlace_matrix,
    temporal_interlace,
    tin_shift,
)

__all__ = ['TINShift', 'available_backends', 'interlace_matrix', 'temporal_interlace', 'tin_shift']
