"""Compile the Triton kernels for GPUs that need not be there, and print the results as JSON.

Run without TRITON_INTERPRET. Launches become compilations, so that shapes, strides and tiles are those
of real calls.
"""

import json
import re
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import torch

from mmtin.ops.triton.launch import interlace_backward_into, interlace_into

if 'triton' in sys.modules:
    sys.exit('mmtin imports Triton before it is needed')

from triton import knobs
from triton.backends.compiler import GPUTarget
from triton.runtime import driver

from mmtin.ops.triton import kernels


def pretend_to_have(capability):
    target = GPUTarget('cuda', capability, 32)
    driver.set_active(
        SimpleNamespace(
            get_current_target=lambda: target,
            get_current_device=lambda: capability,  # its number, by which Triton caches kernels
            get_current_stream=lambda device: 0,
        )
    )


class Compiled:
    """A kernel whose launch compiles it and keeps the result."""

    def __init__(self, kernel):
        self.kernel = kernel

    def __getitem__(self, grid):
        return partial(self.compile, grid=grid)

    def compile(self, *args, **options):
        self.result = self.kernel.warmup(*args, **options)

    def report(self):
        with open('kernel.cubin', 'wb') as file:
            file.write(self.result.asm['cubin'])
        command = [knobs.nvidia.cuobjdump.path, '--dump-resource-usage', 'kernel.cubin']
        usage = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return {
            'loads': re.findall(r'ld\.global\.(\S+)', self.result.asm['ptx']),
            'stores': re.findall(r'st\.global\.(\S+)', self.result.asm['ptx']),
            **{name: int(size) for name, size in re.findall(r'(REG|STACK|LOCAL):(\d+)', usage)},
        }


def compile_both(dtype, num_segments, memory_format, channels, size):
    frames = torch.empty(2 * num_segments, 4 * channels, size, size, dtype=dtype)
    clips = frames.contiguous(memory_format=memory_format).unflatten(0, (2, num_segments))
    x = clips[:, :, :channels]
    offset, weight = torch.zeros(2, 4), torch.zeros(2, num_segments, 4)
    interlace_into(torch.empty_like(x), x, offset, weight)
    interlace_backward_into(torch.empty_like(x), torch.empty_like(x), x, offset, weight)


def main():
    forward = kernels.interlace_kernel = Compiled(kernels.interlace_kernel)
    backward = kernels.interlace_backward_kernel = Compiled(kernels.interlace_backward_kernel)
    for case in json.loads(sys.argv[1]):
        capability, dtype, num_segments, memory_format, channels, size = case
        pretend_to_have(capability)
        compile_both(getattr(torch, dtype), num_segments, getattr(torch, memory_format), channels, size)
        print(json.dumps([case, forward.report(), backward.report()]))


if __name__ == '__main__':
    main()
