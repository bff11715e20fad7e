"""The public operators: check the arguments, let a backend compute.

Vocabulary: N clips of T frames (``num_segments``) and C channels, which form G equal groups; ``*`` is
any number of spatial dimensions, also none. Shifts and offsets are in frames, positive ones move
features to later frames. Frames that leave the clip are lost, frames that enter are zero.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmtin.compat.torch import at_least_single
from mmtin.ops import matrix
from mmtin.ops.backend import choose_backend


def tin_shift(input: Tensor, shift: Tensor, backend: str = 'auto') -> Tensor:
    """Move groups of channels along time by whole frames.

    ``out[n, t + shift[n, g], c] = input[n, t, c]`` for the channels c of group g, zero elsewhere
    (Temporal Interlacing Network, AAAI 2020, section "Temporal Interlacing"; the operator of mmcv with
    the exact adjoint as its gradient).

    Args:
        input: ``[N, T, C, *]``, floating point.
        shift: ``[N, G]``, integer, in frames; G divides C. Any size: ``|shift| >= T`` gives zeros.
        backend: ``'auto'`` or one of :func:`mmtin.ops.available_backends`.

    Returns:
        A tensor of the shape and dtype of ``input``, differentiable in ``input``.

    Raises:
        ValueError: for a shape, device or backend that does not fit; says what was expected.
        TypeError: for a dtype that does not fit.
    """
    _check(input, shift, 'input', 'shift')
    if shift.dtype.is_floating_point or shift.dtype.is_complex or shift.dtype == torch.bool:
        raise TypeError(
            f'shift must be an integer tensor, in frames, got {shift.dtype}; for fractional offsets '
            'use temporal_interlace'
        )
    return choose_backend(backend, input).tin_shift(input, shift)


def temporal_interlace(
    x: Tensor, offset: Tensor, weight: Tensor | None = None, backend: str = 'auto'
) -> Tensor:
    """Move groups of channels along time by fractional offsets and weigh each frame.

    ``out[n, t, c] = weight[n, t, g] * sum_s max(0, 1 - |t - s - offset[n, g]|) x[n, s, c]`` for the
    channels c of group g (Temporal Interlacing Network, AAAI 2020, sections "Temporal Interlacing" and
    "Analysis"). Where each frame that comes out has offsets of its own, ``offset[n, t, g]`` stands in the
    place of ``offset[n, g]``.

    Args:
        x: ``[N, T, C, *]``, floating point.
        offset: ``[N, G]`` or ``[N, T, G]``, floating point, in frames; G divides C.
        weight: ``[N, T, G]``, floating point, or None for ones.
        backend: ``'auto'`` or one of :func:`mmtin.ops.available_backends`.

    Returns:
        A tensor of the shape and dtype of ``x``, differentiable in ``x``, ``offset`` and ``weight``.
        Offsets and weights are used in at least single precision, whatever the dtype of ``x``.

    Raises:
        ValueError: for a shape, device or backend that does not fit; says what was expected.
        TypeError: for a dtype that does not fit.
    """
    _check(x, offset, 'x', 'offset', shapes=('[N, G]', '[N, T, G]'))
    _check_floating(offset, 'offset')
    if weight is None:
        weight = offset.new_ones(x.shape[0], x.shape[1], offset.shape[-1])
    _check_weight(weight, offset, x.shape[1])
    precise = at_least_single(x.dtype)
    return choose_backend(backend, x).temporal_interlace(x, offset.to(precise), weight.to(precise))


def interlace_matrix(offset: Tensor, weight: Tensor | None, num_segments: int) -> Tensor:
    """The r-TCN kernel of :func:`temporal_interlace` (paper, section "Analysis").

    ``M[n, g, t, s] = weight[n, t, g] * max(0, 1 - |t - s - offset[n, g]|)``, so that
    ``out[n, t, c] = sum_s M[n, g, t, s] x[n, s, c]``: a temporal convolution with two neighbouring taps
    at a learned place.

    Args:
        offset: ``[N, G]`` or ``[N, T, G]``, floating point, in frames.
        weight: ``[N, T, G]``, floating point, or None for ones.
        num_segments: T.

    Returns:
        ``[N, G, T, T]`` with the dtype of ``offset``, differentiable in ``offset`` and ``weight``.

    Raises:
        ValueError: for a shape or device that does not fit.
        TypeError: for a dtype that does not fit.
    """
    _check_floating(offset, 'offset')
    if offset.dim() not in (2, 3) or offset.shape[1:-1] not in ((), (num_segments,)):
        raise ValueError(
            f'offset must be [N, G] or [N, T, G] with T = {num_segments}, got {list(offset.shape)}'
        )
    if weight is not None:
        _check_weight(weight, offset, num_segments)
        weight = weight.to(offset.dtype)
    return matrix.interlace_matrix(offset, weight, num_segments)


class TINShift(nn.Module):
    """:func:`tin_shift` as a module: ``forward(input [N, T, C, *], shift [N, G])``."""

    def __init__(self, backend: str = 'auto') -> None:
        super().__init__()
        self.backend = backend

    def forward(self, input: Tensor, shift: Tensor) -> Tensor:
        return tin_shift(input, shift, self.backend)

    def extra_repr(self) -> str:
        return f'backend={self.backend!r}'


def _check(
    x: Tensor, shift: Tensor, x_name: str, shift_name: str, shapes: Sequence[str] = ('[N, G]',)
) -> None:
    """Checks that both operators share: dtype and shape of x, shape and device of the shifts."""
    _check_floating(x, x_name)
    if x.dim() < 3:
        raise ValueError(
            f'{x_name} must be [N, T, C, *]: clips, frames, channels and any number of spatial '
            f'dimensions; got {list(x.shape)}'
        )
    # torch.compile of torch 2.1 finds no 3 in range(2, 4).
    if not 2 <= shift.dim() < 2 + len(shapes) or shift.shape[:-1] != x.shape[: shift.dim() - 1]:
        raise ValueError(
            f'{shift_name} must be {" or ".join(shapes)} for {x_name} with N = {x.shape[0]} clips of '
            f'T = {x.shape[1]} frames, got {list(shift.shape)}'
        )
    channels, groups = x.shape[2], shift.shape[-1]
    if groups == 0 or channels % groups:
        raise ValueError(
            f'the {channels} channels of {x_name} must divide into the {groups} groups of {shift_name}; '
            'change the number of groups or of channels'
        )
    _check_device(x, shift, x_name, shift_name)


def _check_weight(weight: Tensor, offset: Tensor, num_segments: int) -> None:
    _check_floating(weight, 'weight')
    expected = [offset.shape[0], num_segments, offset.shape[-1]]
    if list(weight.shape) != expected:
        raise ValueError(f'weight must be [N, T, G] = {expected}, got {list(weight.shape)}')
    _check_device(offset, weight, 'offset', 'weight')


def _check_floating(tensor: Tensor, name: str) -> None:
    if not tensor.dtype.is_floating_point:
        raise TypeError(f'{name} must be a floating point tensor, got {tensor.dtype}')


def _check_device(x: Tensor, other: Tensor, x_name: str, other_name: str) -> None:
    if other.device != x.device:
        raise ValueError(f'{other_name} must be on the device of {x_name}, {x.device}, got {other.device}')
