"""A file of results that is whole or not there."""

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from mmtin.files.whole import require_free, whole_file


class ResultsFile:
    """Write a JSON object with a line for each video, in constant memory; the file appears when it is
    whole.

    ``with ResultsFile(path, config=...) as results: results.add(video=...); results.finish(videos=...)``
    gives ``{"config": ..., "results": [...], "videos": ..., "finished": true}``. If it is stopped by Ctrl-C
    or SIGTERM, it keeps what was added and has ``"finished": false``; after any other error there is no
    file.

    Args:
        path: of the file.
        force: replace one that is there.
        head: entries that come before the results.

    Raises:
        UserError: if the file is there and ``force`` is not set, or its folder cannot be written.
    """

    def __init__(self, path: Path, force: bool = False, **head: object) -> None:
        require_free(path, force=force)
        self.path = path
        self._head = head
        self._tail: dict = {}
        self._count = 0

    def __enter__(self) -> 'ResultsFile':
        with ExitStack() as stack:
            part = stack.enter_context(whole_file(self.path))
            self._file = stack.enter_context(part.open('w', encoding='utf-8'))
            self._exit = stack.pop_all()
        head = json.dumps(self._head, ensure_ascii=False)
        self._file.write(f'{head[:-1]}{", " if self._head else ""}"results": [')
        return self

    def add(self, **entry: object) -> None:
        """Add the entry of one video."""
        self._file.write(f'{"," if self._count else ""}\n{json.dumps(entry, ensure_ascii=False)}')
        self._count += 1

    def finish(self, **tail: object) -> None:
        """Mark the results as finished, and set the entries that follow them."""
        self._tail = dict(tail, finished=True)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        stopped = kind is not None and issubclass(kind, KeyboardInterrupt)
        if kind is not None and not stopped:
            self._exit.__exit__(kind, error, trace)
            return
        with self._exit:
            self._file.write(f'\n], {json.dumps(self._tail or dict(finished=False))[1:]}\n')
        if stopped:
            print(f'stopped; what was done until then is in {self.path}', file=sys.stderr)
