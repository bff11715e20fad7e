"""A bar on the terminal, with the lines of the log above it."""

import sys
import time

from mmengine.logging import MMLogger
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from mmtin.engine.terminal.log import terminal_handlers

_PAUSE = 0.1  # seconds between two drawings


class Bar:
    """A bar that is drawn by the calls of :meth:`show` alone.

    A thread of rich's could hold its lock while the workers of a data loader are forked, which then would
    wait for it for ever.

    Args:
        label: stands before it.
        total: of steps.
        logger: whose lines shall not cut through it.
        stays: whether it is left on the terminal in the end.
    """

    def __init__(self, label: str, total: int, logger: MMLogger, *, stays: bool) -> None:
        columns = (
            BarColumn(20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn('{task.fields[says]}'),
        )
        self._progress = Progress(
            TextColumn('{task.description}'),
            *columns,
            console=Console(),
            auto_refresh=False,
            transient=not stays,
        )
        self._task = self._progress.add_task(label, total=total, says='')
        self._handlers = terminal_handlers(logger)
        self._streams = [handler.stream for handler in self._handlers]
        self._progress.start()
        for handler in self._handlers:
            handler.setStream(sys.stdout)  # which now draws the bar anew below a line
        self._drawn = 0.0

    def show(self, says: str, done: int | None = None) -> None:
        """Say how many steps are done, None for as many as before, and something behind it."""
        self._progress.update(self._task, completed=done, says=says)
        if time.monotonic() - self._drawn > _PAUSE:
            self._progress.refresh()
            self._drawn = time.monotonic()

    def stop(self) -> None:
        """End it as it stands."""
        self._progress.stop()
        for handler, stream in zip(self._handlers, self._streams):
            handler.setStream(stream)
