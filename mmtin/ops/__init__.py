"""Temporal interlacing as pure functions on tensors. Knows torch, nothing of MMAction2."""

from mmtin.ops.backend import available_backends
from mmtin.ops.interlace import TINShift, interlace_matrix, temporal_interlace, tin_shift

__all__ = ['TINShift', 'available_backends', 'interlace_matrix', 'temporal_interlace', 'tin_shift']
