"""A progress bar on the terminal, below the lines of the log."""

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

from mmtin.commands.terminal import terminal_handlers

_PAUSE = 0.1  # seconds between two drawings


class Bar:
    """A progress bar that is drawn in calls of :meth:`show` alone.

    A drawing thread of rich could hold its lock while the workers of a data loader are forked; they would
    wait for it for ever.

    Args:
        label: text before the bar.
        total: number of steps.
        logger: its lines are printed above the bar.
        stays: whether the bar stays on the terminal when it ends.
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
            handler.setStream(sys.stdout)  # which now redraws the bar below each line
        self._drawn = 0.0

    def show(self, says: str, done: int | None = None) -> None:
        """Show the number of steps done, None for the same as before, and a text after it."""
        self._progress.update(self._task, completed=done, says=says)
        if time.monotonic() - self._drawn > _PAUSE:
            self._progress.refresh()
            self._drawn = time.monotonic()

    def stop(self) -> None:
        """End the bar as it is."""
        self._progress.stop()
        for handler, stream in zip(self._handlers, self._streams):
            handler.setStream(stream)
