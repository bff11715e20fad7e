"""A file of results that is whole or not there, and what an interrupted run had until then."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

from mmtin.files.journal import Journal
from mmtin.files.strict_json import to_json
from mmtin.files.whole import whole_file


class ResultsFile:
    """Write a JSON object with a line for each video, in constant memory; the file appears when it is
    whole.

    ``with ResultsFile(path, config=...) as results: results.add(0, video=...); results.finish(videos=...)``
    gives ``{"config": ..., "results": [...], "videos": ..., "finished": true}``, in the order of the
    videos. If it is stopped by Ctrl-C or SIGTERM, the file has what was added and ``"finished": false``.
    After any interruption a journal beside it has what was added, and ``resume`` goes on from there.

    Args:
        path: of the file.
        settings: what the results depend on; those of an interrupted run must be the same.
        force: replace a file that is there, and begin anew.
        resume: go on where an interrupted run was.
        names_faults: whether the file has the videos that could not be read.
        head: entries that come before the results.

    Raises:
        UserError: if the file is there and ``force`` is not set, its folder cannot be written, or an
            interrupted run is in the way; see :class:`mmtin.files.journal.Journal`.
    """

    def __init__(
        self,
        path: Path,
        settings: Mapping[str, object] | None = None,
        force: bool = False,
        resume: bool = False,
        names_faults: bool = True,
        **head: object,
    ) -> None:
        self.path = path
        self._journal = Journal(path, settings or {}, force, resume)
        self._names_faults = names_faults
        self._head = head
        self._tail: dict = {}

    def __enter__(self) -> 'ResultsFile':
        self._journal.__enter__()
        return self

    @property
    def resumes(self) -> bool:
        """Whether an interrupted run is gone on with."""
        return self._journal.resumes

    def __len__(self) -> int:
        return len(self._journal)

    def left(self, count: int) -> list[int]:
        """The indices of the videos, of ``count``, that have no entry yet."""
        return self._journal.left(count)

    def add(self, index: int, **entry: object) -> None:
        """Add the entry of the video of that index."""
        self._journal.add(index, entry)

    def pass_over(self, index: int, video: str, reason: str) -> None:
        """Note why the video of that index cannot be read."""
        self.add(index, video=video, error=reason)

    def entries(self) -> Iterator[dict]:
        """The entries of all videos so far, those of an interrupted run included."""
        return self._journal.entries()

    def faults(self) -> list[str]:
        """What cannot be read, with the reason."""
        return [f'{entry["video"]}: {entry["error"]}' for entry in self.entries() if 'error' in entry]

    def finish(self, **tail: object) -> None:
        """Mark the results as finished, and set the entries that follow them."""
        self._tail = dict(tail, finished=True)

    def discard(self) -> None:
        """Leave nothing behind of a run that found nothing."""
        self._journal.remove()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        stopped = kind is not None and issubclass(kind, KeyboardInterrupt)
        try:
            if kind is None or (stopped and len(self._journal)):
                self._write()
        finally:
            self._journal.__exit__(kind, error, trace)
        if kind is None:
            self._journal.remove()

    def _write(self) -> None:
        with whole_file(self.path) as part, part.open('w', encoding='utf-8') as file:
            head = to_json(self._head, ensure_ascii=False)
            file.write(f'{head[:-1]}{", " if self._head else ""}"results": [')
            before = '\n'
            for entry in self.entries():
                if self._names_faults or 'error' not in entry:
                    file.write(f'{before}{to_json(entry, ensure_ascii=False)}')
                    before = ',\n'
            file.write(f'\n], {to_json(self._tail or dict(finished=False))[1:]}\n')
