"""The two formats of ``torch.save``: a zip file, and what torch before 1.6 wrote.

mmtin reads them itself, since what ``torch.load`` runs and refuses differs between versions of torch.
"""

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from mmtin.checkpoint.unpickling import CheckpointUnpickler, Storage

# The numbers at the start of a file without zip.
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class OtherFormatError(ValueError):
    """A file of torch that is no checkpoint; the text says what it is."""


def read_archive(path: Path, map_location: object) -> object:
    """What ``torch.save`` wrote, without running anything that the file asks for.

    Args:
        path: the file.
        map_location: as in :func:`torch.load`; ``'meta'`` reads no numbers.

    Raises:
        NamesCodeError: if it names a class or function that no checkpoint needs.
        OtherFormatError: if it is a TorchScript program, or from torch 0.1.
        Exception: of any kind, if the file is damaged.
    """
    with path.open('rb') as file:
        if file.read(4) == b'PK\x03\x04':
            with zipfile.ZipFile(file) as archive:
                return _read_zip(archive, map_location)
        file.seek(0)
        if tarfile.is_tarfile(path):
            raise OtherFormatError('a .tar of torch 0.1')
        return _read_stream(file, path.stat().st_size, map_location)


def _read_zip(archive: zipfile.ZipFile, map_location: object) -> object:
    names = archive.namelist()
    (pickled,) = (name for name in names if name.endswith('/data.pkl') and name.count('/') == 1)
    folder = pickled.removesuffix('data.pkl')
    if f'{folder}constants.pkl' in names:
        raise OtherFormatError('a TorchScript program')
    if f'{folder}byteorder' in names and archive.read(f'{folder}byteorder') != b'little':
        raise ValueError('its numbers have their first byte first')
    storages: dict[str, Tensor] = {}

    def find_storage(dtype: torch.dtype, key: str, location: str, count: int) -> Storage:
        if key not in storages:
            entry = archive.getinfo(f'{folder}data/{key}')
            # torch compresses nothing, and a compressed entry could fill any memory.
            if entry.compress_type != zipfile.ZIP_STORED:
                raise ValueError('its numbers are compressed')
            if map_location == 'meta':
                storages[key] = torch.empty(entry.file_size, dtype=torch.uint8, device='meta')
            else:
                storages[key] = _placed(_bytes(archive.read(entry)), location, map_location)
        return Storage(storages[key], dtype)

    with archive.open(pickled) as file:
        return CheckpointUnpickler(file, find_storage).load()  # type: ignore[arg-type]


def _read_stream(file: BinaryIO, size: int, map_location: object) -> object:
    """Read pickles in a row (format, content, keys of the storages), then the bytes of the storages."""

    def load(find_storage: Callable[..., Storage]) -> object:
        return CheckpointUnpickler(file, find_storage).load()

    def none(*_: object) -> Storage:
        raise ValueError('a tensor before the content')

    if load(none) != _MAGIC or load(none) != _PROTOCOL:
        raise ValueError('not of torch')
    machine = load(none)
    if not isinstance(machine, dict) or not machine.get('little_endian'):
        raise ValueError('its numbers have their first byte first')
    found: dict[str, tuple[Tensor, torch.dtype]] = {}

    def find_storage(
        dtype: torch.dtype, key: str, location: str, count: int, view: tuple | None = None
    ) -> Storage:
        if key not in found:
            length = count * dtype.itemsize
            if not 0 <= length <= size:
                raise ValueError('a tensor is larger than the file')
            found[key] = _placed(torch.empty(length, dtype=torch.uint8), location, map_location), dtype
        data = found[key][0]
        if view is not None:
            _, start, length = view
            data = data[start * dtype.itemsize : (start + length) * dtype.itemsize]
        return Storage(data, dtype)

    content = load(find_storage)
    for key in load(none):  # type: ignore[attr-defined]
        data, dtype = found[key]
        count = int.from_bytes(file.read(8), 'little')
        numbers = file.read(len(data))
        if count * dtype.itemsize != len(data) or len(numbers) != len(data):
            raise ValueError('it ends within its numbers')
        if data.device.type != 'meta':
            data.copy_(_bytes(numbers))
    return content


def _bytes(data: bytes) -> Tensor:
    """uint8 ``[n]``, in memory that can be written to."""
    return (
        torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)
    )


def _placed(data: Tensor, location: str, map_location: object) -> Tensor:
    """The bytes, saved at ``location``, on the device that ``map_location`` maps it to."""
    storage = data.untyped_storage()
    if isinstance(map_location, dict):
        location = map_location.get(location, location)
    elif isinstance(map_location, (str, torch.device)):
        location = str(map_location)
    elif callable(map_location):
        placed = map_location(storage, location)
        if placed is not None:
            return _whole(placed)
    if location == 'cpu':
        return data
    return _whole(torch.serialization.default_restore_location(storage, location))


def _whole(storage: torch.UntypedStorage) -> Tensor:
    return torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage)
