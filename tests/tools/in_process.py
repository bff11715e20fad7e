"""Run a command of tools/ in this process: the same code, without the seconds of its imports."""

import runpy
import sys
from pathlib import Path

TOOLS = Path(__file__).parents[2] / 'tools'


def run_tool(monkeypatch, name: str, *args: object) -> str | None:
    """The sentence by which ``tools/{name}.py`` fails, None if it succeeds."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
    try:
        runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
    except SystemExit as exit:
        assert exit.code not in (0, None), 'a command ends without SystemExit'
        return str(exit.code)
    return None
