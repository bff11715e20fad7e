"""Write files whole or not at all, and replace none unasked."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mmengine.dist import get_rank
from mmengine.fileio import LocalBackend

from mmtin.errors import NO_SPACE, UserError
from mmtin.files.digest import digest

_RANDOM = 8 * '[a-z0-9_]'  # how tempfile ends a name
_LONGEST_NAME = 240  # bytes; file systems take 255, with what is put around it here


def write_whole(data: bytes | str, path: str | Path) -> None:
    """Write a file, text as UTF-8, under a temporary name, and rename it once the disk has all of it.

    Until then a file of that name stays as it is, even through SIGKILL or loss of power. A process that is
    killed meanwhile leaves its temporary file, see :func:`remove_parts`. The folder of the file is made.

    Raises:
        UserError: if it cannot be written; nothing is left of the new file.
    """
    path = Path(path)
    with making(path), whole_file(path) as part:
        part.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def whole_files(*paths: Path) -> Iterator[list[Path]]:
    """Temporary names for files that belong together, which the block writes; see :func:`write_whole`.

    ``with whole_files(Path('a.csv'), Path('a.png')) as (table, picture): ...``

    Once the block has ended without an error and the disk has all files, they get their own names; their
    folders are made. The temporary names end in ``.part``, so a writer that chooses the format by the
    suffix must be told it.

    Raises:
        UserError: before the block, if a file cannot be written; after it, if the disk was full.
    """
    try:
        with _renaming(paths) as parts:
            for part, path in zip(parts, paths):
                with making(path):
                    part.touch()
            yield parts
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        names = ' and '.join(map(str, paths))
        raise UserError(
            f'cannot write {names} ({error.strerror}); make room or name another place'
        ) from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """:func:`whole_files` of one file."""
    with whole_files(path) as (part,):
        yield part


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """An empty folder that replaces ``path`` if the block ends without an error, else is removed.

    A process that is killed meanwhile leaves it beside ``path``, see :func:`scratch_removed`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{_short(path.name)}-', dir=path.parent) as scratch:
        folder = Path(scratch, 'new')
        folder.mkdir()
        yield folder
        if path.exists():
            path.rename(Path(scratch, 'old'))
        folder.rename(path)


@contextmanager
def scratch_removed(folders: Collection[Path]) -> Iterator[None]:
    """Remove what :func:`whole_folder` left of ``folders`` in processes that were killed.

    It goes before the block, if they were killed earlier, and after it, if they were within; nothing else
    may be writing these folders.
    """
    _remove_scratch(folders)
    try:
        yield
    finally:
        _remove_scratch(folders)


def _remove_scratch(folders: Collection[Path]) -> None:
    wanted = {path.with_name(_short(path.name)) for path in folders}
    for parent in {path.parent for path in wanted}:
        for scratch in list(parent.glob(f'.*-{_RANDOM}')):
            if parent / scratch.name[1:-9] in wanted:
                shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _renaming(paths: Sequence[Path]) -> Iterator[list[Path]]:
    # Each of several processes writes the metrics of a test, all to the same file.
    parts = [path.with_name(f'.{_short(path.name)}.{get_rank()}.part') for path in paths]
    try:
        yield parts
        for part in parts:
            _sync(part, os.O_RDWR)
        for part, path in zip(parts, paths):
            os.replace(part, path)
    finally:
        for part in parts:
            with suppress(OSError):
                part.unlink()
    for folder in {path.parent for path in paths}:
        with suppress(OSError):  # the file is there, and some network file systems cannot do this
            _sync(folder, os.O_RDONLY)


def _short(name: str) -> str:
    """A name that leaves room for more; for a long one its digest, since some differ at the end alone."""
    return name if len(os.fsencode(name)) <= _LONGEST_NAME else digest(name)


def _sync(path: Path, mode: int) -> None:
    """Flush a file, or the new names in a folder, to the disk, so that it survives loss of power."""
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_parts(folder: str | Path) -> None:
    """Remove what writers that were killed left in a folder; nothing may be writing there."""
    for part in Path(folder).glob('.*.part'):
        part.unlink(missing_ok=True)


def require_free(*paths: Path, force: bool) -> None:
    """Check before the work that ``paths`` can be written, and that this destroys nothing, or that it may.

    Raises:
        UserError: if something is there that ``force`` does not allow to replace, or is a folder, or if
            new files cannot be made there.
    """
    for path in paths:
        # Not by methods of Path: up to Python 3.13 they fail in a folder that may not be looked into.
        if os.path.isdir(path):
            raise UserError(f'{path} is a folder; name a file')
        if os.path.exists(path) and not force:
            raise UserError(f'{path} is there already; --force replaces it')
        folder = next(parent for parent in path.absolute().parents if os.path.exists(parent))
        if not (os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)):
            what = 'not writable' if os.path.isdir(folder) else 'no folder'
            raise UserError(f'cannot write {path} ({folder} is {what}); name another file')


@contextmanager
def making(path: Path) -> Iterator[None]:
    """Make the folder of a new file; the block opens the file, or one beside it.

    Raises:
        UserError: if the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UserError(f'cannot write {path} ({error.strerror or error}); name another file') from error


class WholeFileBackend(LocalBackend):
    """mmengine's local files, of which a training has its own: each is whole or not there.

    They are written as by :func:`write_whole`. An error stays an OSError, with the path as ``filename``, so
    that a training can say how it is resumed.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _renaming([path]) as (part,):
                part.write_bytes(obj)
        except OSError as error:
            text = f'{error.strerror}; it takes {len(obj) / 1e6:.1f} MB'
            raise OSError(error.errno, text, str(path)) from error

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        self.put(obj.encode(encoding), filepath)
