"""Whether somebody listens to a module, so that it must work as it is written."""

from torch import nn
from torch.nn.modules import module as _all_modules


def has_hooks(module: nn.Module) -> bool:
    """Whether somebody listens to what goes into ``module`` or comes out of it."""
    return bool(
        module._forward_hooks
        or _all_modules._global_forward_hooks
        or _all_modules._global_forward_pre_hooks
        or _all_modules._global_backward_hooks
        or _all_modules._global_backward_pre_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )
