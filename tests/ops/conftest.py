"""Where there is a GPU, every test of the operators runs twice: on the CPU and there."""

import contextlib
import os

import pytest
import torch
from cases import DEVICES

from mmtin.ops import available_backends
from mmtin.ops.backend import BACKENDS

# cuBLAS wants to know how to be deterministic before its first product.
os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')


@pytest.fixture(autouse=True, params=DEVICES)
def device(request, seed):
    """Makes ``request.param``, 'cpu' or 'cuda', the device of new tensors."""
    parameters = request.node.callspec.params
    backend = parameters.get('backend')
    if backend in BACKENDS and backend not in available_backends(request.param):
        pytest.skip(f'{backend} does not run on {request.param}')
    # Not where it is the default anyway, since torch.compile traces less inside a device context.
    with torch.device(request.param) if request.param != 'cpu' else contextlib.nullcontext():
        yield request.param
