"""What the commands in tools/ share."""

import argparse
import math
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mmaction

from mmtin.errors import UserError


@contextmanager
def one_sentence_errors() -> Iterator[None]:
    """Print a UserError as one sentence and exit with status 1; other errors keep their traceback."""
    try:
        yield
    except UserError as error:
        # An error from a data loader's process carries that process's traceback before the sentence.
        sys.exit(f'error: {str(error).strip().splitlines()[-1].removeprefix("mmtin.errors.UserError: ")}')


def positive_int(text: str) -> int:
    """The type of an argument that must be a whole number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number, 1 or more, got {text!r}')
    return int(text)


def positive_number(text: str) -> float:
    """The type of an argument that must be a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f'expected a number above 0, got {text!r}')
    return number


def require_file(path: str, what: str) -> None:
    """Check that a local file is there; addresses with a scheme pass.

    Raises:
        UserError: if it is not.
    """
    if '://' not in path and not Path(path).is_file():
        raise UserError(f'no {what} at {path}; check the path')


def mmaction2_tool(name: str) -> dict[str, Callable]:
    """The functions of MMAction2's own ``tools/{name}.py``, so that ours take the same arguments."""
    return runpy.run_path(str(Path(mmaction.__file__).parent / '.mim/tools' / f'{name}.py'))
