"""What a backend is, which there are, and how ``'auto'`` chooses one.

A backend is a module that computes the operators of this package its own way. It says itself where it can
run and which tensors it is good for.
"""

import functools
import logging
import os
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from mmengine.logging import print_log
from torch import Tensor

from mmtin.compat.torch import autocast_dtype, is_compiling
from mmtin.errors import UserError
from mmtin.ops import matrix, mmcv, native, reference, triton
from mmtin.ops.eager import runs_eagerly
from mmtin.ops.memory_format import is_dense

# Frames, C', parameters of the two networks, R, and whether groups have twins -> frames, offsets and
# weights; see mmtin.ops.native.prediction.
Predict = Callable[[Tensor, int, Sequence[Tensor], float, bool], tuple[Tensor, Tensor, Tensor]]
# The next frame, those before, what is kept of them, parameters and R -> what is kept; see
# mmtin.ops.native.steps.
Step = Callable[[Tensor, Sequence[Tensor], Tensor, Tensor, Sequence[Tensor], float], tuple[Tensor, Tensor]]


class Backend(Protocol):
    """What every backend has; mypy holds the modules in :data:`BACKENDS` to it.

    Shapes, types and devices were checked before. Offsets and weights are in at least single precision.
    """

    def unavailable(self, device: torch.device) -> str | None:
        """Why it cannot run on ``device``, with the remedy, or None if it can."""

    def suits(self, x: Tensor) -> bool:
        """Whether ``'auto'`` may choose it for ``x``. Never, if it is there to be asked for by name."""
        ...

    def tin_shift(self, input: Tensor, shift: Tensor) -> Tensor:
        """:func:`mmtin.ops.tin_shift`."""
        ...

    def temporal_interlace(self, x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
        """:func:`mmtin.ops.temporal_interlace`."""
        ...


class InPlaceBackend(Backend, Protocol):
    """What a backend has besides that :mod:`mmtin.ops.interlaced_conv` can work with."""

    def interlace_within(self, x: Tensor, kept: Tensor, offset: Tensor, weight: Tensor) -> None:
        """Interlace ``x`` ``[N, T, C, *]``, a slice of a wider tensor's channels, in its memory.

        ``kept``, dense, takes a copy of what it was. Not differentiable.
        """

    def interlace_backward_within(
        self, grad: Tensor, x: Tensor, offset: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Turn the gradient of the interlaced ``x`` into that of ``x``, in its memory.

        ``grad`` is a slice of a wider tensor's channels. Returns the gradients of offset and weight.
        """
        ...

    @property
    def predict(self) -> Predict | None:
        """How it computes OffsetNet and WeightNet at once; None where torch does, layer by layer."""

    @property
    def step(self) -> Step | None:
        """How it interlaces the next frame of a stream at once; None where torch does, piece by piece."""


# In the order in which 'auto' asks them.
BACKENDS: dict[str, Backend] = {
    'triton': triton,
    'native': native,
    'matrix': matrix,
    'reference': reference,
    'mmcv': mmcv,
}
IN_PLACE: dict[str, InPlaceBackend] = {'triton': triton, 'native': native, 'matrix': matrix}

# For somebody who hunts a bug; read once, when mmtin is imported.
SWITCHED_OFF = frozenset(os.environ.get('MMTIN_BACKENDS_OFF', '').replace(',', ' ').split())
IN_PLACE_ALLOWED = os.environ.get('MMTIN_IN_PLACE', '1') != '0'

if not BACKENDS.keys() >= SWITCHED_OFF:
    raise UserError(
        f'MMTIN_BACKENDS_OFF must name backends among {", ".join(BACKENDS)}, with commas between them, '
        f'got {os.environ["MMTIN_BACKENDS_OFF"]!r}'
    )


def choose_backend(name: str, x: Tensor) -> Backend:
    """The backend of that name; for ``'auto'`` the first in :data:`BACKENDS` that suits ``x`` and can run.

    Raises:
        UserError: if there is none of that name, or it cannot run on the device of ``x``; says why.
    """
    if name == 'auto':
        name = auto_choice(x)
        if not is_compiling():
            _log_choice(name, x.device.type)
        return BACKENDS[name]
    if name not in BACKENDS:
        raise UserError(f'backend must be auto or one of {", ".join(BACKENDS)}, got {name!r}')
    reason = _unavailable(name, x.device)
    if reason is not None:
        raise UserError(
            f'backend {name!r} cannot run: {reason}. '
            f'Available on {x.device}: {", ".join(available_backends(x.device))}'
        )
    return BACKENDS[name]


def in_place_backend(x: Tensor) -> InPlaceBackend | None:
    """The backend that ``'auto'`` chooses to interlace within ``x`` ``[N*T, C, H, W]`` for a moment.

    None if it does not work in place, MMTIN_IN_PLACE is 0, or the memory of ``x`` cannot be borrowed: it is
    recorded, traced, transformed, empty or not dense, or autocast would convert it to another tensor first.
    """
    if not (IN_PLACE_ALLOWED and x.numel() and x.device.type in ('cpu', 'cuda') and runs_eagerly(x)):
        return None
    if not is_dense(x):
        return None
    if x.is_inference() and not torch.is_inference_mode_enabled():
        return None
    if autocast_dtype(x.device.type) not in (None, x.dtype):
        return None
    name = auto_choice(x)
    _log_choice(name, x.device.type)
    return IN_PLACE.get(name)


def available_backends(device: torch.device | str | int) -> tuple[str, ...]:
    """The backends that can run on ``device``, by name."""
    device = torch.device(device)
    if device.type == 'cuda' and not torch.cuda.is_available():
        return ()
    return tuple(name for name in BACKENDS if _unavailable(name, device) is None)


def auto_choice(x: Tensor) -> str:
    """The name of the backend that ``'auto'`` takes for ``x``.

    Raises:
        UserError: if MMTIN_BACKENDS_OFF leaves none.
    """
    for name, backend in BACKENDS.items():
        if backend.suits(x) and _unavailable(name, x.device) is None:
            return name
    raise UserError(
        f'no backend is left to choose from on {x.device}: MMTIN_BACKENDS_OFF switches off '
        f'{", ".join(sorted(SWITCHED_OFF))}; leave matrix out of it, or name a backend'
    )


def _unavailable(name: str, device: torch.device) -> str | None:
    if name in SWITCHED_OFF:
        return 'MMTIN_BACKENDS_OFF switches it off'
    return BACKENDS[name].unavailable(device)


@functools.cache
def _log_choice(backend: str, device_type: str) -> None:
    print_log(
        f'Temporal interlacing on {device_type} uses the {backend} backend.',
        logger='current',
        level=logging.INFO,
    )
