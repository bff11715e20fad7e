"""Fused CUDA kernels: each element is read from memory once and written once, forwards and backwards.

``ops.py`` has the differentiable operators, ``launch.py`` the primitives that write into memory of the
caller, ``kernels.py`` the kernels, which alone import Triton.
"""

from mmtin.ops.triton.launch import interlace_backward_within, interlace_within
from mmtin.ops.triton.ops import suits, temporal_interlace, tin_shift, unavailable

predict = step = None  # torch computes the networks

__all__ = [
    'interlace_backward_within',
    'interlace_within',
    'predict',
    'step',
    'suits',
    'temporal_interlace',
    'tin_shift',
    'unavailable',
]
