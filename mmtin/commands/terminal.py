"""Progress, clean stops and whole lines of results, for commands over videos."""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TextIO

from mmengine.logging import MMLogger
from rich.console import Console
from rich.progress import Progress, TextColumn

SOME_FAILED = 3  # the exit status of a command that did something for some of its videos
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM, treated like Ctrl-C."""


@contextmanager
def clean_stops() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does: all ``with`` and ``finally`` blocks run.

    A closed pipe, as with ``| head``, is no error: the status is 0.
    """
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
        sys.stdout.flush()  # here, where a closed pipe is no error
    except BrokenPipeError:
        # Python would try again to write what is left, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    finally:
        signal.signal(signal.SIGTERM, before)


def terminal_handlers(logger: MMLogger) -> list[logging.StreamHandler]:
    """The handlers of a log that do not write to a file."""
    return [
        handler
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)
    ]


@contextmanager
def logs_on_stderr() -> Iterator[None]:
    """Send mmengine's log, and what is printed meanwhile, to standard error."""
    handlers = terminal_handlers(MMLogger.get_current_instance())
    before = [handler.stream for handler in handlers]
    try:
        for handler in handlers:
            handler.stream = sys.stderr
        with redirect_stdout(sys.stderr):
            yield
    finally:
        for handler, stream in zip(handlers, before):
            handler.stream = stream


def short_path(path: str | Path) -> str:
    """A path from the current folder, if it lies there; another one, and an address, as it is."""
    if '://' in str(path) or not Path(path).absolute().is_relative_to(Path.cwd()):
        return str(path)
    return os.path.relpath(path)


def write_line(file: TextIO, line: str) -> None:
    """Write and flush a whole line; signals wait until it is written."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        file.write(line + '\n')
        file.flush()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _terminate(number: int, frame: object) -> None:
    raise Terminated


class VideoProgress:
    """A progress bar with the number of videos, or windows of one, per second.

    ``with VideoProgress('Predicting', total=len(videos)) as bar: bar.step()``

    Attributes:
        rate: videos or windows per second since the start.
    """

    def __init__(self, text: str, total: int | None = None, unit: str = 'videos') -> None:
        self._bar = Progress(
            *Progress.get_default_columns(),
            TextColumn(f'{{task.completed}} {unit}, {{task.fields[rate]}} a second'),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(text, total=total, rate='-')
        self._done = 0
        self.rate = 0.0

    def __enter__(self) -> 'VideoProgress':
        self._bar.start()
        self._start = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def step(self) -> None:
        """Count one more."""
        self._done += 1
        self.rate = self._done / (time.perf_counter() - self._start)
        self._bar.update(self._task, advance=1, rate=f'{self.rate:.1f}')

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
