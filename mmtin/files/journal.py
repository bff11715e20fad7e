"""The journal of a long run over many items, from which an interrupted run goes on."""

import json
import os.path
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from mmtin.errors import UserError
from mmtin.files.digest import digest
from mmtin.files.strict_json import to_json
from mmtin.files.whole import making, require_free

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_VERSION = 1


class Journal:
    """A line for each item that is done, in a file beside the result, until the result is there.

    ``with Journal(Path('out.json'), settings) as journal: journal.add(0, dict(score=1))``

    It survives whatever ends the process; what a cut-off line was for is done again. If nothing was done,
    no file is left. It is locked for other processes, except on Windows.

    Args:
        result: the file that the run makes in the end.
        settings: what the results depend on, by the words that an error names it with.
        force: begin anew, and replace the result.
        resume: go on with what the journal has, if it is there.

    Raises:
        UserError: if there is a result; if there is a journal, and neither ``force`` nor ``resume`` says
            what to do; if it is of a run with other settings, or another process has it.

    Attributes:
        resumes: whether an interrupted run is gone on with.
    """

    def __init__(
        self, result: Path, settings: Mapping[str, object], force: bool = False, resume: bool = False
    ) -> None:
        self.path = journal_of(result)
        self._result, self._force, self._resume = result, force, resume
        self._settings = {name: digest(value) for name, value in settings.items()}
        self._places: dict[int, int] = {}  # of the lines in the file, in bytes
        self._end = 0
        self._file: BinaryIO
        self._is_open = False
        self._look()

    def _look(self) -> None:
        """Find out what is there, and refuse to replace what may not be."""
        if os.path.exists(self.path):
            self._open()
        found = self._is_open and self._file.seek(0, os.SEEK_END) > 0
        if found and not (self._force or self._resume):
            raise UserError(
                f'{self.path} has what an interrupted run did; --resume goes on from there, --force begins '
                'anew'
            )
        self.resumes = found and self._resume
        if self.resumes:
            self._read()
        else:
            require_free(self._result, force=self._force)

    def _open(self) -> None:
        with making(self.path):
            self.path.touch()
            self._file = self.path.open('r+b')
            try:
                if fcntl:
                    # Not flock: processes that decode inherit it, and outlive this one if it is killed.
                    fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                raise UserError(
                    f'another command is writing {self.path}; wait until it has ended, or name another '
                    'output'
                ) from None
        self._is_open = True

    def _read(self) -> None:
        self._file.seek(0)
        head = _parsed(self._file.readline())
        if head is None:
            return  # killed before anything was done
        if not isinstance(head, dict) or head.get('journal') != _VERSION:
            raise UserError(f'{self.path} is no journal of this version of mmtin; --force begins anew')
        then = head['settings']
        other = [name for name, value in self._settings.items() if then.get(name) != value]
        if other:
            raise UserError(
                f'{self.path} is of a run with another {" and another ".join(other)}; give what that '
                'run was given, or begin anew with --force'
            )
        self._end = self._file.tell()
        for line in self._file:
            entry = _parsed(line)
            if entry is None:
                return
            self._places[entry[0]] = self._end
            self._end += len(line)

    def __enter__(self) -> 'Journal':
        if not self._is_open:
            self._look()  # another command may have begun, or ended, since
        if not self._is_open:
            self._open()
        self._file.truncate(self._end)
        if not self._end:
            self._write(dict(journal=_VERSION, settings=self._settings))
        return self

    def __exit__(self, kind: type | None, *error: object) -> None:
        with suppress(OSError):  # of a full disk, which has its sentence already
            self._file.close()
        if not self._places:
            self.remove()
        elif kind is not None:
            print(
                f'stopped; what was done is in {self.path}, and --resume goes on from there',
                file=sys.stderr,
            )

    def __len__(self) -> int:
        return len(self._places)

    def left(self, count: int) -> list[int]:
        """The indices below ``count`` that are not done."""
        return [index for index in range(count) if index not in self._places]

    def add(self, index: int, entry: dict) -> None:
        """Note that an item is done.

        Raises:
            UserError: if the disk is full.
        """
        place = self._end
        self._write([index, entry])
        self._places[index] = place

    def _write(self, content: object) -> None:
        line = to_json(content, ensure_ascii=False).encode() + b'\n'
        try:
            self._file.seek(self._end)
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise UserError(
                f'cannot write {self.path} ({error.strerror}); make room, then --resume goes on'
            ) from error
        self._end += len(line)

    def entries(self) -> Iterator[dict]:
        """What was noted of each item that is done, in the order of the items."""
        for index in sorted(self._places):
            self._file.seek(self._places[index])
            yield json.loads(self._file.readline())[1]

    def remove(self) -> None:
        """Remove the file, once the result is there or nothing is worth keeping."""
        self._places.clear()
        self.path.unlink(missing_ok=True)


def journal_of(result: Path) -> Path:
    """Where the journal of a result is, while it is being made."""
    return result.with_name(f'{result.name}.journal')


def _parsed(line: bytes) -> dict | list | None:
    """What a line holds; None if it is not whole."""
    try:
        return json.loads(line) if line.endswith(b'\n') else None
    except ValueError:
        return None
