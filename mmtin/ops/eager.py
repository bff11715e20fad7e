"""Whether an operation runs now, on memory, or is only being recorded, traced or transformed."""

import torch
from torch import Tensor, nn


def runs_eagerly(x: Tensor) -> bool:
    """Whether ``x`` is a plain tensor outside torch.compile, export, tracing and function transforms.

    Kernels that work on memory, or in place, need that; everything else takes plain tensor algebra.
    """
    return not (
        type(x) not in (Tensor, nn.Parameter)
        or torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or torch._C._functorch.is_functorch_wrapped_tensor(x)
    )
