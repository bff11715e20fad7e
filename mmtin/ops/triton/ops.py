"""The differentiable operators, as custom operators that torch.compile and torch.export keep whole."""

import importlib.util
import os
import shutil
import sysconfig

import torch
from torch import Tensor

from mmtin.compat.torch import HAS_CUSTOM_OPERATORS, custom_operator, is_compiling
from mmtin.compat.versions import is_older
from mmtin.ops.eager import runs_eagerly
from mmtin.ops.triton.launch import flat, interlace_backward_into, interlace_into

# Before, kernels could not take tuples: shapes and strides.
OLDEST = '3.4'


def unavailable(device: torch.device) -> str | None:
    """Why the backend cannot run on ``device``, with the remedy, or None if it can."""
    if _MISSING is not None:
        return _MISSING
    if _INTERPRETED:
        return None
    if device.type != 'cuda':
        return (
            f'the Triton kernels need a CUDA device; the tensors are on {device.type} '
            '(for tests, TRITON_INTERPRET=1 before the start of Python runs them there, slowly)'
        )
    # Not asked while compiling, which cannot trace the question and has the same bound.
    if not is_compiling() and torch.cuda.get_device_capability(device) < (7, 0):
        return f'Triton needs a GPU of compute capability 7.0, and {device} has less'
    return None


def suits(x: Tensor) -> bool:
    """Tensors on a GPU; torch.compile keeps the kernels, function transforms and ONNX do not take them."""
    if not x.is_cuda or torch.onnx.is_in_onnx_export():
        return False
    return HAS_CUSTOM_OPERATORS if is_compiling() else runs_eagerly(x)


def tin_shift(input: Tensor, shift: Tensor) -> Tensor:
    """Shift in one pass over the memory; see :func:`mmtin.ops.tin_shift`."""
    num_segments = input.shape[1]
    # Beyond the clip every shift is the same, and no other type than int64 holds all and their opposites.
    return _shift(input, shift.long().clamp(-num_segments, num_segments))


def temporal_interlace(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    """Interlace in one pass over the memory; see :func:`mmtin.ops.temporal_interlace`.

    The result is dense in the memory layout of ``x``. Differentiable once.
    """
    return _interlace(x, offset, weight)


def _missing() -> str | None:
    """What Triton lacks on this machine, found out without the half second that importing it takes."""
    if importlib.util.find_spec('triton') is None:
        return 'Triton is not installed; torch for CUDA on Linux brings it, or `pip install triton`'
    if is_older('triton', OLDEST):
        return (
            f'the kernels need Triton {OLDEST} or newer, which torch 2.8 brings, and the one here is '
            'older; install a newer torch'
        )
    if not (os.environ.get('CC') or shutil.which('gcc') or shutil.which('clang')):
        return 'Triton builds its launcher with a C compiler and finds none; install gcc'
    if not os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h')):
        return 'Triton builds its launcher with Python.h, which is missing; install python3-dev'
    return None


_MISSING = _missing()
_INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1'


def _new(x: Tensor) -> Tensor:
    return torch.empty_like(flat(x)).view(x.shape)


def _shift_forward(input: Tensor, shift: Tensor) -> Tensor:
    output = _new(input)
    weight = torch.ones(input.shape[0], input.shape[1], shift.shape[1], device=input.device)
    interlace_into(output, input, shift, weight)
    return output


def _shift_fake(input, shift):
    return _new(input)


def _save_shift(ctx, inputs, output):
    ctx.save_for_backward(inputs[1])


def _shift_back(ctx, grad_output):
    (shift,) = ctx.saved_tensors
    return _shift(grad_output, -shift), None


_shift = custom_operator('mmtin::tin_shift', _shift_forward, _shift_fake, _save_shift, _shift_back)


def _forward(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    output = _new(x)
    interlace_into(output, x, offset, weight)
    return output


def _fake(x, offset, weight):
    return _new(x)


def _save_inputs(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def _back(ctx, grad_output):
    return _interlace_backward(grad_output, *ctx.saved_tensors)


_interlace = custom_operator('mmtin::temporal_interlace', _forward, _fake, _save_inputs, _back)


def _backward_forward(
    grad_output: Tensor, x: Tensor, offset: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    grad_x = _new(x)
    return grad_x, *interlace_backward_into(grad_x, grad_output, x, offset, weight)


def _backward_fake(grad_output, x, offset, weight):
    return _new(x), offset.new_empty(offset.shape), weight.new_empty(weight.shape)


_interlace_backward = custom_operator(
    'mmtin::temporal_interlace_backward', _backward_forward, _backward_fake
)
