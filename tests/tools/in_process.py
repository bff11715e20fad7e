"""Run a command of tools/ in this process, which saves the seconds of its imports."""

import io
import os
import runpy
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from mmengine.logging import MessageHub, MMLogger
from mmengine.visualization import Visualizer

TOOLS = Path(__file__).parents[2] / 'tools'


def run_tool(monkeypatch, name: str, *args: object) -> str | None:
    """The sentence by which ``tools/{name}.py`` fails, None if it succeeds."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
    forget_runs()
    try:
        runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
    except SystemExit as exit:
        assert exit.code not in (0, None), 'a command ends without SystemExit'
        return str(exit.code)
    return None


def run_here(name: str, *args: object, cwd: Path) -> subprocess.CompletedProcess:
    """What ``python tools/{name}.py ARGS`` in the folder ``cwd`` gives; its errors are in ``stdout`` too.

    An error that ends in a traceback is raised.
    """
    said, status, folder = io.StringIO(), 0, os.getcwd()
    arguments = [f'{name}.py', *map(str, args)]
    os.chdir(cwd)
    forget_runs()
    try:
        with mock.patch.object(sys, 'argv', arguments), redirect_stdout(said), redirect_stderr(said):
            runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
        if isinstance(exit.code, str):
            print(exit.code, file=said)
    finally:
        os.chdir(folder)
    return subprocess.CompletedProcess(arguments, status, said.getvalue())


def forget_runs() -> None:
    """Forget loggers, which mmengine keeps by name and second: another run in that second takes them."""
    for kind in (MMLogger, MessageHub, Visualizer, *Visualizer.__subclasses__()):
        kind._instance_dict.clear()
