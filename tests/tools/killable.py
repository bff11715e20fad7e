"""Commands in processes of their own that can be killed, without the seconds of their imports.

A process that has imported mmtin forks one for each.
"""

import multiprocessing
import os
import resource
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from mmtin.files.journal import Journal

TOOLS = Path(__file__).parents[2] / 'tools'

_FORKSERVER = multiprocessing.get_context('forkserver')
# What a training imports, by itself or in torch's optimizers and mmengine's visualizer.
_FORKSERVER.set_forkserver_preload(
    [
        'mmtin',
        'mmtin.finetuning',
        'mmaction.apis',
        'mmaction.engine',
        'mmaction.visualization',
        'matplotlib.backends.backend_agg',
        'mpl_toolkits.mplot3d',
        'torch._dynamo',
    ]
)


def start(
    name: str, *args: object, log: Path, fault: Callable[[], None] | None = None
) -> multiprocessing.Process:
    """Start ``tools/{name}.py ARGS``; ``fault`` is called in its process first."""
    process = _FORKSERVER.Process(target=_command, args=(name, list(map(str, args)), log, fault))
    process.start()
    return process


def train(*args: object, log: Path, fault: Callable[[], None] | None = None) -> tuple[int, str]:
    """Run ``tools/train.py ARGS``; its exit status, negative for a signal, and its output."""
    return command('train', *args, log=log, fault=fault)


def command(
    name: str, *args: object, log: Path, fault: Callable[[], None] | None = None
) -> tuple[int, str]:
    """Run ``tools/{name}.py ARGS``; its exit status, negative for a signal, and its output."""
    process = start(name, *args, log=log, fault=fault)
    process.join()
    return process.exitcode, log.read_text()


def die_after_entries(number: int) -> None:
    """A fault: SIGKILL in the writing of a journal's entry, the one behind this number."""
    add = Journal.add

    def die(self: Journal, index: int, entry: dict) -> None:
        if len(self) < number:
            add(self, index, entry)
            return
        self._file.write(b'[9, {"video": "cut')
        self._file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    Journal.add = die


def die_in_writing(number: int) -> None:
    """A fault: SIGKILL when half of a checkpoint is written, the one of this number."""

    def die(descriptor: int) -> None:
        os.truncate(descriptor, os.fstat(descriptor).st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)

    _before(os.fsync.__name__, number, die)


def die_before_renaming(number: int) -> None:
    """A fault: SIGKILL when a checkpoint is written and not yet named, the one of this number."""
    _before(os.replace.__name__, number, lambda *_: os.kill(os.getpid(), signal.SIGKILL))


def fill_disk(number: int) -> None:
    """A fault: from the checkpoint of this number on no file can become larger than a log."""
    size = 1_000_000
    _before(os.replace.__name__, number, lambda *_: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))


def _before(call: str, number: int, action: Callable) -> None:
    """Do something before a call of ``os`` for the checkpoint of this number."""
    function, calls = getattr(os, call), []

    def wrapped(file: int | Path, *args: Path) -> None:
        path = os.readlink(f'/proc/self/fd/{file}') if isinstance(file, int) else str(file)
        if '.pth.' in path:
            calls.append(path)
            if len(calls) == number:
                action(file, *args)
        function(file, *args)

    setattr(os, call, wrapped)


def _command(name: str, args: list[str], log: Path, fault: Callable[[], None] | None) -> None:
    with log.open('ab') as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    # A job that a shell started in the background ignores Ctrl-C, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if fault is not None:
        fault()
    path = str(TOOLS / f'{name}.py')
    sys.argv = [path, *args]
    runpy.run_path(path, run_name='__main__')
