"""Read pickles of numbers, arrays, tensors and Python's own containers. Nothing in them is run."""

import io
import pickle
import re
from collections.abc import Callable
from math import prod

import numpy as np
import torch

from mmtin.errors import UserError

# Stand-ins for the names in a pickle. None is numpy's or torch's, which trust the types and sizes that a
# pickle states, and a pickle can change none of them (its BUILD calls __setstate__).


class LockedFunction:
    """A function that a pickle can call and cannot alter."""

    __slots__ = ('_function',)

    def __init__(self, function: Callable) -> None:
        self._function = function

    def __call__(self, *args: object) -> object:
        return self._function(*args)

    def __setstate__(self, state: object) -> None:
        raise ValueError('a function is given a state')


class _Dtype:
    """Stand-in for ``numpy.dtype``, of numbers of up to 8 bytes."""

    __slots__ = ('dtype',)

    def __init__(self, code: str, *_: object) -> None:
        if not re.fullmatch('[biuf][1248]', code):
            raise ValueError(f'{code} is no type of numbers')
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        _, byte_order, *_ = state
        self.dtype = self.dtype.newbyteorder(byte_order)

    def read(self, data: bytes) -> np.ndarray:
        """The numbers in bytes, ``[n]``."""
        return np.frombuffer(data, self.dtype)


class NumberArray:
    """Stand-in for ``numpy.ndarray``, for a tensor and for its storage."""

    __slots__ = ('array',)

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, is_fortran, data = state
        self.array = _Dtype.read(dtype, data).reshape(shape, order='F' if is_fortran else 'C')


def _scalar(dtype: _Dtype, data: bytes) -> int | float | bool:
    return _Dtype.read(dtype, data).item()


def _buffer(data: bytes, dtype: _Dtype, shape: tuple, order: str) -> NumberArray:
    """An array as protocol 5 keeps it."""
    return NumberArray(_Dtype.read(dtype, data).reshape(shape, order=order))


def _storage(data: bytes) -> NumberArray:
    """The numbers of a tensor, ``[n]``, from bytes in torch's format before zip files."""
    # torch's reader of this format compares the count with the bytes; that of zip files unpacks any size.
    is_zip = data.startswith(b'PK')
    storage = None if is_zip else torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)
    if not isinstance(storage, torch.storage.TypedStorage):
        raise ValueError('the numbers of a tensor are something else')
    numbers = torch.empty(0, dtype=storage.dtype).set_(storage)
    # numpy has no bfloat16.
    return NumberArray((numbers.float() if numbers.dtype == torch.bfloat16 else numbers).numpy())


def _tensor(storage: NumberArray, offset: int, size: tuple, stride: tuple, *_: object) -> NumberArray:
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    numbers = storage.array
    # The count is checked too: with a stride of 0 a few numbers would fill any memory.
    if min(offset, *stride, 0) < 0 or min(size, default=1) < 1 or max(last + 1, prod(size)) > numbers.size:
        raise ValueError('a tensor goes beyond its numbers')
    # A copy, since a view may span less memory than its count says.
    return NumberArray(torch.from_numpy(numbers).as_strided(size, stride, offset).numpy().copy())


def _encode(text: str, encoding: str) -> bytes:
    """How pickle's protocol 2 keeps bytes."""
    if encoding != 'latin1':
        raise ValueError(f'bytes are encoded as {encoding!r}')
    return text.encode(encoding)


_RECONSTRUCT, _SCALAR = LockedFunction(lambda *_: NumberArray(np.empty(0))), LockedFunction(_scalar)
_FROMBUFFER = LockedFunction(_buffer)
_KNOWN = {
    'torch._utils._rebuild_tensor_v2': LockedFunction(_tensor),
    'torch.storage._load_from_bytes': LockedFunction(_storage),
    '_codecs.encode': LockedFunction(_encode),
    'collections.OrderedDict': LockedFunction(lambda: {}),
    'numpy.ndarray': 'numpy.ndarray',
    'numpy.dtype': LockedFunction(_Dtype),
    # As numpy 1 and numpy 2 write them.
    'numpy.core.multiarray._reconstruct': _RECONSTRUCT,
    'numpy._core.multiarray._reconstruct': _RECONSTRUCT,
    'numpy.core.numeric._frombuffer': _FROMBUFFER,
    'numpy._core.numeric._frombuffer': _FROMBUFFER,
    'numpy.core.multiarray.scalar': _SCALAR,
    'numpy._core.multiarray.scalar': _SCALAR,
}


class NumbersUnpickler(pickle.Unpickler):
    """An unpickler that knows the names of which tensors and arrays are made, and no other."""

    def find_class(self, module: str, name: str) -> object:
        """What a pickle may name."""
        try:
            return _KNOWN[f'{module}.{name}']
        except KeyError:
            raise UserError(
                f'names {module}.{name}, which scores have no use for: not a dump of a test, and not read'
            ) from None
