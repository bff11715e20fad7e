"""Run commands as a person does: in a process of their own, from any folder."""

import subprocess
import sys
from pathlib import Path

import pytest


def require_mim() -> None:
    """Skip the test where mim does not find packages of this kind."""
    from mim.utils import get_installed_path

    if get_installed_path('mmtin').endswith('.dist-info'):
        pytest.skip('onedl-mim takes the folder with facts on mmtin for mmtin itself')


def run_mim(*args: object, cwd: Path, python: str = sys.executable) -> str:
    """The output of ``mim ARGS``; fails the test with that output if mim fails."""
    require_mim()
    result = run(python, '-m', 'mim', *args, cwd=cwd)
    assert result.returncode == 0, result.stdout
    return result.stdout


def run(*args: object, cwd: Path) -> subprocess.CompletedProcess:
    """Run a command; its output, errors included, is in ``stdout``."""
    return subprocess.run(
        [str(arg) for arg in args],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
