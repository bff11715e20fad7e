"""Differences between torch 2.1 and today's, under today's names.

Each is torch's own function if torch has it. Others may go with the last torch that lacks them.
"""

from collections.abc import Callable
from functools import wraps

import torch
from torch.autograd.function import once_differentiable

from mmtin.errors import UserError

# Older ones have it elsewhere; the compiler of each knows its own.
is_compiling: Callable[[], bool] = getattr(torch.compiler, 'is_compiling', torch._utils.is_compiling)

# torch 2.1 has no name for the errors of its backends for distributed training.
DistError: type[Exception] = getattr(torch.distributed, 'DistError', RuntimeError)

# Since torch 2.4. Without it, torch.compile cannot keep our operators whole.
HAS_CUSTOM_OPERATORS = hasattr(torch.library, 'custom_op')

# The groups that were left and are not destroyed.
_LEFT: list[object] = []


def version() -> tuple[int, int]:
    """Major and minor version."""
    major, minor, *_ = torch.__version__.split('.')
    return int(major), int(minor)


def require(oldest: tuple[int, int], what: str) -> None:
    """Check that this torch can do ``what``.

    Raises:
        UserError: if it is older than ``oldest``.
    """
    if version() < oldest:
        wanted = '.'.join(map(str, oldest))
        raise UserError(
            f'{what} needs torch {wanted} or newer, found {torch.__version__}; '
            f'mend it with: pip install "torch>={wanted}"'
        )


def event_start(event) -> int:
    """When an event of the profiler began: in nanoseconds, or in the microseconds of torch 2.1."""
    return event.start_ns() if hasattr(event, 'start_ns') else event.start_us()


def before_each_step(optimizer: torch.optim.Optimizer, call: Callable[[], None]) -> Callable[[], None]:
    """Make a call before each step of an optimizer, until what is returned is called.

    A hook of the optimizer is made for it. In torch 2.1, and no more in 2.6, ``torch.compile`` takes such
    hooks off all optimizers of the process.
    """
    if version() >= (2, 6):
        return optimizer.register_step_pre_hook(lambda *_: call()).remove
    step = optimizer.step

    @wraps(step)
    def step_after_call(*args, **kwargs):
        call()
        return step(*args, **kwargs)

    optimizer.step = step_after_call  # type: ignore[method-assign]
    return lambda: setattr(optimizer, 'step', step)


def leave_process_group() -> None:
    """End this process's part in ``torch.distributed``, as ``destroy_process_group`` does.

    Before torch 2.8 that hangs now and then with gloo, on a busy machine above all: the group's destructor
    holds Python's lock and waits for a thread, which waits for that lock to free the last tensors
    (https://github.com/pytorch/pytorch/issues/56297, mended by pull request 154976). There the group stays
    until Python ends. The pull request does not mend the case where a wrapped model is the last to refer to
    the group: it must be gone before.
    """
    if version() < (2, 8):
        _LEFT.append(torch.distributed.group.WORLD)
    torch.distributed.destroy_process_group()


def at_least_single(dtype: torch.dtype) -> torch.dtype:
    """The type itself if it is double precision, else single; for floating point types.

    ``torch.promote_types``, which the compiler of torch 2.1 cannot trace.
    """
    return torch.float64 if dtype == torch.float64 else torch.float32


def autocast_dtype(device_type: str) -> torch.dtype | None:
    """The type that autocast uses for a device at this moment, None if it is off."""
    if hasattr(torch, 'get_autocast_dtype'):  # since 2.4
        return torch.get_autocast_dtype(device_type) if torch.is_autocast_enabled(device_type) else None
    if device_type == 'cpu':
        return torch.get_autocast_cpu_dtype() if torch.is_autocast_cpu_enabled() else None
    return torch.get_autocast_gpu_dtype() if torch.is_autocast_enabled() else None


def has_autocast(device_type: str) -> bool:
    """Whether autocast supports a kind of device."""
    if hasattr(torch.amp, 'is_autocast_available'):  # since 2.4
        return torch.amp.is_autocast_available(device_type)
    return device_type in ('cpu', 'cuda')


def custom_operator(
    name: str,
    forward: Callable,
    fake: Callable,
    setup_context: Callable | None = None,
    backward: Callable | None = None,
) -> Callable:
    """An operator that torch.compile and torch.export keep whole, if torch supports that.

    Args:
        name: ``mmtin::...``.
        forward: computes it; its annotations say what it takes.
        fake: computes shapes and dtypes of the result, for tensors without numbers.
        setup_context, backward: its gradient, as :class:`torch.autograd.Function` has them; differentiable
            once.
    """
    if HAS_CUSTOM_OPERATORS:
        operator = torch.library.custom_op(name, forward, mutates_args=())
        operator.register_fake(fake)
        if backward is not None:
            operator.register_autograd(backward, setup_context=setup_context)
        namespace, _, short = name.partition('::')
        return getattr(getattr(torch.ops, namespace), short)
    if backward is None or setup_context is None:
        return forward

    members = {
        'forward': staticmethod(forward),
        'setup_context': staticmethod(setup_context),
        'backward': staticmethod(once_differentiable(backward)),
    }
    return type(name, (torch.autograd.Function,), members).apply  # type: ignore[attr-defined]
