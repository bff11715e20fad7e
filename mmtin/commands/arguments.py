"""Arguments and errors of the commands in tools/."""

import argparse
import errno
import math
import os
import re
import runpy
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import mmaction
import torch
from mmengine.config import DictAction
from mmengine.dist import is_main_process

from mmtin.commands.noise import dropped_batches_ignored, upstream_warnings_ignored
from mmtin.commands.terminal import Terminated
from mmtin.errors import NO_SPACE, UserError

# What the system says of a place that is no folder, is one, is there already, or is refused.
_UNUSABLE = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG,
}  # fmt: skip


DTYPES = {'float32': torch.float32, 'float16': torch.float16, 'bfloat16': torch.bfloat16}


@contextmanager
def one_sentence_errors() -> Iterator[None]:
    """Print a UserError as one sentence and exit with status 1; other errors keep their traceback.

    A full disk, or a place that cannot be used, is one sentence too where it comes as an OSError, as from
    packages below this one.

    Ctrl-C is one line, "stopped", with what the KeyboardInterrupt says; the status is 130. With
    :func:`mmtin.commands.terminal.clean_stops`, SIGTERM is one too; its status is 143.

    Upstream warnings and tracebacks that a user cannot act on are hidden meanwhile.
    """
    try:
        with upstream_warnings_ignored(), dropped_batches_ignored():
            yield
    except KeyboardInterrupt as stop:
        if is_main_process():
            print('; '.join(['stopped', *map(str, stop.args)]), file=sys.stderr)
        sys.exit(128 + (signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT))
    except UserError as error:
        # An error from a data loader's process carries that process's traceback before the sentence.
        sys.exit(f'error: {str(error).strip().splitlines()[-1].removeprefix("mmtin.errors.UserError: ")}')
    except OSError as error:
        if error.errno in NO_SPACE:
            place = f'write {error.filename}' if error.filename else 'write'
            sys.exit(f'error: cannot {place} ({error.strerror}); make room or name another place')
        if error.errno in _UNUSABLE and error.filename:
            sys.exit(
                f'error: cannot use {error.filename} ({error.strerror}); name another place, or let it be '
                'read and written'
            )
        raise


def positive_int(text: str) -> int:
    """The type of an argument that must be a whole number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number, 1 or more, got {text!r}')
    return int(text)


def whole_number(text: str) -> int:
    """The type of an argument that must be a whole number, 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'expected a whole number, 0 or more, got {text!r}')
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


def require_device(device: str) -> None:
    """Check that torch can use a device.

    Raises:
        UserError: if it cannot.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip('.')
        raise UserError(f'cannot use the device {device!r} ({reason}); try --device cpu') from error


def add_begin(parser: argparse.ArgumentParser) -> None:
    """Add ``--force`` and ``--resume``, of which a run takes one: where it begins."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument('--force', action='store_true', help='begin anew, and replace what is there')
    group.add_argument(
        '--resume', action='store_true', help='go on where an interrupted run was, if one was'
    )


def add_dtype(parser: argparse.ArgumentParser) -> None:
    """Add ``--dtype``, a key of :data:`DTYPES`: what the backbone computes in."""
    parser.add_argument(
        '--dtype',
        choices=('float32', 'bfloat16'),
        default='float32',
        help='what the network computes in (default: %(default)s); it takes about half of the time in '
        'bfloat16 on processors with instructions for that, with results that are a little off',
    )


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Add ``--verbose``, which shows the whole log on the terminal."""
    parser.add_argument(
        '--verbose', action='store_true', help='show the whole log, config and environment too'
    )


def mmaction2_tool(
    name: str, add_ours: Callable[[argparse.ArgumentParser], object] = lambda parser: None
) -> dict[str, Callable]:
    """The functions of MMAction2's own ``tools/{name}.py``, so that ours take the same arguments.

    Args:
        name: of the tool.
        add_ours: adds arguments to its parser.
    """
    functions = runpy.run_path(str(Path(mmaction.__file__).parent / '.mim/tools' / f'{name}.py'))

    class Parser(argparse.ArgumentParser):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **kwargs)
            add_ours(self)

    # The globals of this copy of the file, which nobody else uses.
    names = functions['parse_args'].__globals__
    names['argparse'] = SimpleNamespace(ArgumentParser=Parser)
    names['DictAction'] = Options
    return functions


class Options(DictAction):
    """mmengine's reader of ``--cfg-options``, without damage to paths.

    In mmengine's, ``dataset.ann_file='my videos/train.txt'`` loses its blank, a comma turns a path into a
    list, and a blank that is not quoted ends in a traceback. Quotes within those of the shell, as in
    ``"data='my videos'"``, are no part of a name.
    """

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        options = dict(getattr(namespace, self.dest, None) or {})
        for text in values or ():
            if '=' not in text:
                parser.error(f"{option_string} takes KEY=VALUE, got {text!r}; quote blanks: 'KEY=a b'")
            key, value = text.split('=', maxsplit=1)
            if value == r'\t':  # a shell makes no TAB of it
                value = '\t'
            value = _unquoted(value)
            options[key] = value if _is_text(value) else self._parse_iterable(value)
        setattr(namespace, self.dest, options)


def _unquoted(value: str) -> str:
    """A value without the quotes around all of it, unless they belong to the name of a file."""
    quoted = re.fullmatch(r"""(['"])([^'"]*)\1""", value)
    return quoted[2] if quoted and not os.path.exists(value) else value


def _is_text(value: str) -> bool:
    """Whether a value with blanks, commas or brackets is one text: it is a path, or has blanks alone."""
    return bool(re.search(r'[][(),{} ]', value)) and (
        os.path.exists(value) or not re.search(r'[][(),{}]', value)
    )
