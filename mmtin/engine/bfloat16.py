"""Training in bfloat16 on any device, also where there is no GPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmaction.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from mmengine.runner import autocast
from torch import nn


@OPTIM_WRAPPERS.register_module()
class Bfloat16OptimWrapper(OptimWrapper):
    """Compute forward and backward passes in bfloat16 under autocast; weights and steps stay float32.

    The layers of offset networks compute in it, too; what they give becomes an offset in float32. A test is
    computed in float32. bfloat16 has the range of float32, so losses are not scaled. On a CPU with
    ``avx512_bf16`` a step takes about half of the time; on one without such instructions it takes longer,
    and so it does with several threads on cores that other programs share (docs/performance.md).

    mmengine 0.10's AmpOptimWrapper refuses to train without a GPU and always scales losses.

    Args:
        kwargs: those of mmengine's OptimWrapper: optimizer, accumulative_counts, clip_grad.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """What the forward pass of a training step is computed in; mmengine calls it."""
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield
