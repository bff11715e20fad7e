"""mmcv's CUDA ``tin_shift``, with the adjoint put right.

mmcv launches its forward kernel for the backward pass too, so that gradients move in the direction of
the features instead of back to where these came from (mmcv ``tin_shift_cuda_kernel.cuh``: both kernels
write to ``i + t_shift``; the releases of the paper's authors read from there). The adjoint of a shift
is the opposite shift, so only mmcv's forward pass is used here, in both directions.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmtin.ops.reference import interlace_by_two_shifts

DTYPES = (torch.float16, torch.float32, torch.float64)


def unavailable(device: torch.device) -> str | None:
    """Why the backend cannot run on ``device``, with the remedy, or None if it can."""
    if device.type != 'cuda':
        return f"mmcv's tin_shift has a CUDA kernel only; the tensors are on {device.type}"
    try:
        import mmcv.ops  # noqa: F401
    except ImportError as error:
        return (
            f'mmcv has no compiled operators here ({error}); install them with '
            '`pip uninstall mmcv-lite && pip install --no-build-isolation mmcv==2.1.0`'
        )
    return None


def suits(x: Tensor) -> bool:
    """Only by name: it is there to be compared with."""
    return False


def tin_shift(input: Tensor, shift: Tensor) -> Tensor:
    """Shift with mmcv's kernel; see :func:`mmtin.ops.tin_shift`.

    Raises:
        TypeError: for bfloat16, which mmcv's kernel is not compiled for.
    """
    if input.dtype not in DTYPES:
        raise TypeError(
            f"mmcv's tin_shift takes float16, float32 or float64, got {input.dtype}; use "
            "backend='matrix' or convert the input"
        )
    num_segments = input.shape[1]
    # Beyond the clip every shift is the same. int32 cannot hold all of them, nor short types the bounds.
    return _Shift.apply(input, shift.long().clamp(-num_segments, num_segments).int().contiguous())


def temporal_interlace(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    """Interlace by two of mmcv's shifts, as MMAction2 does; see :func:`mmtin.ops.temporal_interlace`."""
    return interlace_by_two_shifts(tin_shift, x, offset, weight)


class _Shift(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, shift):
        ctx.save_for_backward(shift)
        return _launch(input, shift)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        (shift,) = ctx.saved_tensors
        return _launch(grad_output, -shift), None


def _launch(input: Tensor, shift: Tensor) -> Tensor:
    """Run mmcv's forward kernel, which reads contiguous ``[N, T, C, S]`` and int32 shifts."""
    from mmcv.ops import tin_shift as kernel

    if input.numel() == 0:  # CUDA refuses to launch no threads
        return torch.empty_like(input)
    flat = input.contiguous().flatten(3) if input.dim() > 3 else input.contiguous().unsqueeze(-1)
    return kernel(flat, shift).reshape(input.shape)
