"""Whether somebody listens to a module or changed it, so that it must be called."""

from torch import nn
from torch.nn.modules import module as _all_modules


def must_be_called(module: nn.Module) -> bool:
    """Whether somebody listens to what goes in or comes out, or replaced the forward of the instance."""
    return bool(
        module._forward_hooks
        or 'forward' in vars(module)
        or _all_modules._global_forward_hooks
        or _all_modules._global_forward_pre_hooks
        or _all_modules._global_backward_hooks
        or _all_modules._global_backward_pre_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )
