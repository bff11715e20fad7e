"""Read the pickle within a checkpoint without running code that it names.

Names that a checkpoint of torch or mmengine needs get stand-ins; any other name is refused. A pickle calls
the objects that it gets and sets attributes on them, so no stand-in can be altered.
"""

import pickle
import re
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from torch import Tensor, nn

from mmtin.files.pickles import LockedFunction

# torch's names of typed storages.
_STORAGES = {
    'BFloat16': torch.bfloat16,
    'Bool': torch.bool,
    'Byte': torch.uint8,
    'Char': torch.int8,
    'ComplexDouble': torch.complex128,
    'ComplexFloat': torch.complex64,
    'Double': torch.float64,
    'Float': torch.float32,
    'Half': torch.float16,
    'Int': torch.int32,
    'Long': torch.int64,
    'Short': torch.int16,
    'Untyped': torch.uint8,
}


class NamesCodeError(pickle.UnpicklingError):
    """A pickle names a class or function that no checkpoint needs; the text is the name."""


class Storage:
    """The memory of one or more tensors: its bytes ``[n]`` and the type of its numbers."""

    __slots__ = ('data', 'dtype')

    def __init__(self, data: Tensor, dtype: torch.dtype) -> None:
        self.data, self.dtype = data, dtype

    def __setstate__(self, state: object) -> None:
        raise ValueError('a storage is given a state')


class CheckpointUnpickler(pickle.Unpickler):
    """Reads the pickle of a checkpoint.

    Args:
        file: the pickle.
        find_storage: makes a :class:`Storage` from what torch writes about one.

    Raises:
        NamesCodeError: if the pickle names what no checkpoint needs.
    """

    def __init__(self, file: BinaryIO, find_storage: Callable[..., Storage]) -> None:
        super().__init__(file, encoding='utf-8')
        self._find_storage = find_storage

    def find_class(self, module: str, name: str) -> object:
        """What a pickle may name."""
        key = f'{module.replace("__builtin__", "builtins")}.{name}'
        if key in _KNOWN:
            return _KNOWN[key]
        storage = re.fullmatch(r'torch\.(?:storage\.|cuda\.)?(\w+)Storage', key)
        if storage and storage[1] in _STORAGES:
            return _STORAGES[storage[1]]
        dtype = getattr(torch, name, None) if module == 'torch' else None
        if isinstance(dtype, torch.dtype):
            return dtype
        raise NamesCodeError(key)

    def persistent_load(self, pid: tuple) -> Storage:
        """The memory of a tensor."""
        kind, *description = pid
        if kind != 'storage':
            raise pickle.UnpicklingError(f'{kind!r} is kept outside the pickle')
        return self._find_storage(*description)


class _HistoryBuffer:
    """Stand-in for mmengine's class; it makes instances of that class."""

    def __new__(cls) -> HistoryBuffer:  # type: ignore[misc]
        return HistoryBuffer.__new__(HistoryBuffer)

    def __setstate__(self, state: object) -> None:
        """A pickle that sets the state of the class itself fails here, for want of an instance."""


class _OneCycleParamScheduler:
    """Stand-in for mmengine's class, of which no instance is ever pickled."""

    def __new__(cls) -> None:  # type: ignore[misc]
        raise pickle.UnpicklingError('a schedule is not kept whole')

    __setstate__ = _HistoryBuffer.__setstate__


# Methods that mmengine's checkpoints name: of the history of a log, and how a schedule anneals.
_METHODS: dict[type, tuple[type, tuple[str, ...]]] = {
    _HistoryBuffer: (HistoryBuffer, ('current', 'max', 'mean', 'min')),
    _OneCycleParamScheduler: (OneCycleParamScheduler, ('_annealing_cos', '_annealing_linear')),
}


def _method(owner: type, name: str) -> Callable:
    """Stand in for the ``getattr`` by which a pickle names a method."""
    for stand_in, (known, names) in _METHODS.items():
        if owner is stand_in and name in names:
            return getattr(known, name)
    raise NamesCodeError(f'builtins.getattr({type(owner).__name__}, {name!r})')


def _tensor(
    storage: Storage, offset: int, size: tuple, stride: tuple, requires_grad=False, *rest
) -> Tensor:
    """``_rebuild_tensor``, and with hooks and metadata ``_rebuild_tensor_v2``."""
    return _tensor_of_type(storage, offset, size, stride, requires_grad, None, storage.dtype, *rest[1:])


def _tensor_of_type(
    storage: Storage, offset: int, size: tuple, stride: tuple, requires_grad, hooks, dtype, metadata=None
) -> Tensor:
    if metadata:
        raise pickle.UnpicklingError(f'a tensor has {metadata}')
    # torch checks that the tensor lies within its memory.
    return storage.data.view(dtype).as_strided(size, stride, offset).requires_grad_(requires_grad)


def _parameter(data: Tensor, requires_grad: bool, *_: object) -> nn.Parameter:
    return nn.Parameter(data, requires_grad)


def _tensor_with_attributes(make: Callable, kind: object, arguments: tuple, state: object) -> Tensor:
    """A tensor with Python attributes, which are left out."""
    return make(*arguments)


def _dtype(code: str, *_: object) -> np.dtype:
    """Stand-in for ``numpy.dtype``, for types of numbers.

    It returns numpy's own dtype objects, which ignore a pickled state. A copy would take one, with flags
    and fields that make numpy read bytes of the file as addresses of objects.
    """
    if not re.fullmatch('[biuf][1248]', code):
        raise NamesCodeError(f'numpy.dtype({code!r})')
    return np.dtype(code)


def _scalar(dtype: np.dtype, data: bytes) -> np.generic:
    (value,) = np.frombuffer(data, dtype)
    return value


def _encode(text: str, encoding: str) -> bytes:
    """How pickle's protocol 2 keeps bytes."""
    return text.encode(encoding)


# What a pickle calls.
_FUNCTIONS: dict[str, Callable] = {
    '_codecs.encode': _encode,
    'builtins.complex': complex,
    'builtins.getattr': _method,
    'builtins.set': set,
    'collections.Counter': Counter,
    'collections.OrderedDict': OrderedDict,
    'numpy.dtype': _dtype,
    # As numpy 1 and numpy 2 write them.
    'numpy.core.multiarray._reconstruct': lambda *_: np.empty(0),
    'numpy._core.multiarray._reconstruct': lambda *_: np.empty(0),
    'numpy.core.multiarray.scalar': _scalar,
    'numpy._core.multiarray.scalar': _scalar,
    'torch.Size': torch.Size,
    'torch.device': torch.device,
    'torch._tensor._rebuild_from_type_v2': _tensor_with_attributes,
    'torch._utils._rebuild_parameter': _parameter,
    'torch._utils._rebuild_tensor': _tensor,
    'torch._utils._rebuild_tensor_v2': _tensor,
    'torch._utils._rebuild_tensor_v3': _tensor_of_type,
}
_KNOWN: dict[str, object] = {
    'mmengine.logging.history_buffer.HistoryBuffer': _HistoryBuffer,
    'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler': _OneCycleParamScheduler,
    # Arguments of the functions above, whose stand-ins ignore them.
    'numpy.ndarray': 'numpy.ndarray',
    'torch.Tensor': 'torch.Tensor',
    'torch._tensor.Tensor': 'torch.Tensor',
    'torch.nn.parameter.Parameter': 'torch.nn.parameter.Parameter',
    **{name: LockedFunction(function) for name, function in _FUNCTIONS.items()},
}
