"""Files that are whole or not there, and not replaced unasked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmengine.dist import get_rank
from mmengine.fileio import LocalBackend

from mmtin.errors import UserError


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


def require_free(*paths: Path, force: bool) -> None:
    """Check that writing to ``paths`` destroys nothing, or that it may.

    Raises:
        UserError: if something is there that ``force`` does not allow to replace, or is a folder.
    """
    for path in paths:
        if path.is_dir():
            raise UserError(f'{path} is a folder; name a file')
        if path.exists() and not force:
            raise UserError(f'{path} is there already; --force replaces it')


@contextmanager
def making(path: Path) -> Iterator[None]:
    """Make the folder of a new file; the body opens the file, or one beside it.

    Raises:
        UserError: if the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UserError(f'cannot write {path} ({error.strerror or error}); name another file') from error


class WholeFileBackend(LocalBackend):
    """mmengine's local files, written by :func:`write_whole`."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        Path(filepath).parent.mkdir(parents=True, exist_ok=True)
        write_whole(obj, filepath)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        self.put(obj.encode(encoding), filepath)
