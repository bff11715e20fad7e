"""Whether an operation runs now, on memory, or is only being recorded, traced or transformed."""

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from mmtin.compat.torch import is_compiling


def runs_eagerly(x: Tensor) -> bool:
    """Whether ``x`` is a plain tensor outside torch.compile, export, tracing and function transforms.

    Kernels that work on memory, or in place, need that; everything else takes plain tensor algebra, which
    forward-mode derivatives, counters of operations and the like can follow.
    """
    return not (
        is_compiling()
        or type(x) not in (Tensor, nn.Parameter)
        or x.is_neg()
        or torch.jit.is_tracing()
        or torch._C._functorch.peek_interpreter_stack() is not None
        or torch._C._len_torch_dispatch_stack() > 0
        or forward_ad._current_level >= 0
    )
