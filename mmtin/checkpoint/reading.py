"""Read a checkpoint without running anything that the file asks for."""

import errno
from pathlib import Path

from mmengine.runner.checkpoint import CheckpointLoader

from mmtin.checkpoint.archive import OtherFormatError, read_archive
from mmtin.checkpoint.unpickling import NamesCodeError
from mmtin.errors import UserError

# Other files of networks, by suffix.
_OTHER_FILES = {
    '.onnx': 'an ONNX model, which ONNX Runtime runs',
    '.pt2': 'a program that torch.export wrote',
}


def read_checkpoint(path: str | Path, map_location='cpu') -> dict:
    """What a checkpoint holds.

    Reads what torch has written since 0.4: numbers, tensors, text and their containers, and the classes
    that mmengine's own checkpoints name. It is read the same way with every version of torch.

    Args:
        path: a file, or an address that mmengine knows, such as ``https://...`` or ``torchvision://...``.
        map_location: where its tensors go, as in :func:`torch.load`.

    Raises:
        UserError: if the file is not there, is cut off, is no checkpoint or names code to run.
    """
    try:
        if '://' in str(path):
            content = CheckpointLoader.load_checkpoint(str(path), map_location, logger='silent')
        else:
            content = _load(Path(path).expanduser(), map_location)
    except UserError:
        raise
    # A damaged or foreign file can make pickle raise anything.
    except Exception as error:
        raise UserError(_explain(path, error)) from error
    if not isinstance(content, dict):
        raise UserError(
            f'{path} holds a {type(content).__name__}, not a checkpoint; give a file with a state dict'
        )
    return content


def _load(path: Path, map_location) -> object:
    if not path.is_file():
        raise UserError(f'no checkpoint at {path}; check the path')
    return read_archive(path, map_location)


def _explain(path: str | Path, error: Exception) -> str:
    what = _OTHER_FILES.get(Path(path).suffix)
    if what:
        return (
            f'{path} is {what}, not a checkpoint; give the .pth file of the training that it was made from'
        )
    if isinstance(error, NamesCodeError):
        return (
            f'{path} names {error}, code that reading it would run, and was not read; if you trust its '
            "owner, save its state dict alone: torch.save({'state_dict': ...}, FILE)"
        )
    if isinstance(error, OtherFormatError):
        return f'{path} is {error}, not a checkpoint; give a file with a state dict'
    # Seeking outside a file that was cut off gives EINVAL.
    if isinstance(error, OSError) and error.errno != errno.EINVAL:
        return f'cannot read {path}: {error.strerror or error}; check the path and the connection'
    return f'cannot read {path}: it is cut off, damaged or no checkpoint; fetch it again'
