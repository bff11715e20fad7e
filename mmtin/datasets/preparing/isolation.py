"""Search items for faults, each in a process of its own, so that a crash or a hang costs one item.

A process for several items would not do: what one item leaves in memory can hide the fault of the next.
"""

# Not pebble 5.2: with a process an item (max_tasks=1) it finds the same, and took 1.5 to 2.3 times as long.

import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import redirect_stderr, redirect_stdout
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import TypeVar

Item = TypeVar('Item')

_POLL = 0.1  # seconds between looks at the clock


def find_faults(
    fault_of: Callable[[Item], str | None], items: Iterable[Item], workers: int, time_limit: float
) -> Generator[tuple[int, str | None], None, None]:
    """Yield the index of each item and its fault or None, as soon as it is known.

    The fault is ``fault_of(item)``, or a sentence that the process died or took too long. Processes that
    still run are killed when the generator is closed.

    Args:
        fault_of: a function, called in copies of this process.
        items: what it is called with.
        workers: how many processes run at a time.
        time_limit: for one item, in seconds.
    """
    # A forked process has imported everything. It needs no locks of this one, and ends without cleaning up.
    context = multiprocessing.get_context('fork')
    waiting = enumerate(items)
    running: list[_Call] = []
    try:
        while True:
            for index, item in islice(waiting, workers - len(running)):
                running.append(_Call(context, fault_of, index, item, time_limit))
            if not running:
                return
            wait([call.connection for call in running], _POLL)
            for call in running.copy():
                call.look()
                if call.finished:
                    running.remove(call)
                    yield call.index, call.fault
    finally:
        for call in running:
            call.stop()


class _Call:
    """One call in its process."""

    def __init__(self, context, fault_of: Callable, index: int, item: object, time_limit: float) -> None:
        self.index = index
        self.time_limit = time_limit
        self.deadline = math.inf
        self.finished = False
        self.fault: str | None = None
        self.connection, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=_serve, args=(theirs, fault_of, item), daemon=True)
        self.process.start()
        theirs.close()

    def look(self) -> None:
        """Check whether the call has ended, and stop it if its time is over."""
        try:
            while not self.finished and self.connection.poll():
                message = self.connection.recv()
                if message == _STARTED:
                    self.deadline = time.monotonic() + self.time_limit
                else:
                    (self.fault,) = message
                    self.finished = True
        except EOFError:
            self.process.join()
            self.fault = f'killed its process ({_exit_in_words(self.process.exitcode)})'
            self.finished = True
        if not self.finished and time.monotonic() > self.deadline:
            self.fault = f'took longer than {self.time_limit:g} s'
            self.finished = True
        if self.finished:
            self.stop()

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.process.close()
        self.connection.close()


_STARTED = 'started'  # the time to start the process does not count


def _serve(connection: Connection, fault_of: Callable[[Item], str | None], item: Item) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Decoders and loggers would print into the progress bar.
    with open(os.devnull, 'w') as silence, redirect_stdout(silence), redirect_stderr(silence):
        os.dup2(silence.fileno(), 1)
        os.dup2(silence.fileno(), 2)
        connection.send(_STARTED)
        connection.send((fault_of(item),))


def _exit_in_words(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f'exit status {code}'
