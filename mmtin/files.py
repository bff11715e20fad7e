"""Files that are whole or not there."""

import os
from contextlib import suppress
from pathlib import Path

from mmengine.dist import get_rank
from mmengine.fileio import LocalBackend


def write_whole(data: bytes, path: str | Path) -> None:
    """Write a file under a temporary name and rename it when the disk has all of it.

    A file of that name stays as it is until then, whatever happens: an error, SIGKILL, loss of power. A
    process that is killed meanwhile leaves its temporary file, see :func:`remove_parts`.

    Raises:
        OSError: with the path as ``filename``; nothing is left of the new file.
    """
    path = Path(path)
    # Each of several processes writes the metrics of a test, all to the same file.
    part = path.with_name(f'.{path.name}.{get_rank()}.part')
    try:
        with part.open('wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError):
            text = f'{error.strerror}; it takes {len(data) / 1e6:.1f} MB'
            raise OSError(error.errno, text, str(path)) from error
        raise
    with suppress(OSError):  # the file is there, and not every network's folders can do this
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Keep the new names in a folder through loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_parts(folder: str | Path) -> None:
    """Remove what writers that were killed left in a folder; nothing may be writing there."""
    for part in Path(folder).glob('.*.part'):
        part.unlink(missing_ok=True)


class WholeFileBackend(LocalBackend):
    """mmengine's local files, written by :func:`write_whole`."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        Path(filepath).parent.mkdir(parents=True, exist_ok=True)
        write_whole(obj, filepath)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        self.put(obj.encode(encoding), filepath)
