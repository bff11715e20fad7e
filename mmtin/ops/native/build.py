"""Compile the kernels with the C compiler of the machine, once, and load them.

Plain C without torch's headers: half a second the first time that a type comes, then a file in the user's
cache. OpenMP's functions are left unresolved so that they come from torch, whose threads the kernels then
share. Where they do not come, the kernels are compiled for one thread.
"""

import ctypes
import functools
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from mmengine.logging import print_log

from mmtin.errors import UserError

SOURCES = sorted(Path(__file__).parent.glob('*.[ch]'))
# An infinite or NaN frame must stay what it is: no -ffast-math.
FLAGS = ('-O3', '-std=c11', '-fPIC')
# Tried in turn: clang's OpenMP is not the one that torch brings on Linux, Apple's clang has none, and older
# ones do not know the processor of an ARM machine.
ATTEMPTS = (('-march=native', '-fopenmp'), ('-march=native',), ())
# The types of clips that the kernels are compiled for, each by itself when it is first asked for.
TYPES = {torch.float32: (), torch.bfloat16: ('-DBFLOAT16',)}
# Functions that other libraries have by the same names must not take the places of these; macOS sees to it.
LINK = ('-shared',) if sys.platform == 'darwin' else ('-shared', '-Wl,-Bsymbolic')


class BuildError(UserError):
    """The kernels cannot be compiled or loaded here; the text says why."""


def load(dtype: torch.dtype = torch.float32) -> ctypes.CDLL:
    """The compiled kernels for clips of ``dtype``, one of :data:`TYPES`.

    Raises:
        BuildError: without a compiler, or with one that makes nothing that loads.
    """
    kernels = _load_once(dtype)
    if isinstance(kernels, BuildError):
        raise kernels
    return kernels


@functools.cache
def _load_once(dtype: torch.dtype) -> ctypes.CDLL | BuildError:
    """A failure is kept too: what did not compile is not tried at every call."""
    compiler = shutil.which(os.environ.get('CC', 'cc'))
    if compiler is None:
        return BuildError('there is no C compiler; install gcc, or name a compiler in CC')
    try:
        library = library_file(compiler, dtype)
        if not library.exists():
            _compile(compiler, library, TYPES[dtype])
        kernels = ctypes.CDLL(str(library))
    except BuildError as error:
        return error
    except OSError as error:
        return BuildError(f'the compiled kernels do not load ({error}); delete {library}')
    kernels.tiles_of_a_group.restype = ctypes.c_int64
    return kernels


def library_file(compiler: str, dtype: torch.dtype = torch.float32) -> Path:
    """Where the kernels that ``compiler`` makes for clips of ``dtype`` are kept."""
    try:
        cache = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache')
    except RuntimeError as error:
        raise BuildError('the user has no home folder; name one for the cache in XDG_CACHE_HOME') from error
    return cache / 'mmtin' / f'kernels-{_fingerprint(compiler, TYPES[dtype])}.so'


def _fingerprint(compiler: str, of_type: tuple[str, ...]) -> str:
    """Differs where the result of compiling might: a home folder may serve several machines."""
    parts = (
        *(source.read_bytes() for source in SOURCES),
        repr((compiler, FLAGS, of_type, ATTEMPTS)),
        torch.__version__,
        _processor(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    """What -march=native looks at."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(('flags', 'Features'))), platform.machine())


def _compile(compiler: str, library: Path, of_type: tuple[str, ...]) -> None:
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            linked = _first_that_loads(compiler, Path(folder), of_type)
            # In one step, so that processes that compile at the same time do not read half a file.
            linked.replace(library)
    except OSError as error:
        raise BuildError(f'the kernels cannot be written to {library.parent} ({error})') from error


def _first_that_loads(compiler: str, folder: Path, of_type: tuple[str, ...]) -> Path:
    """The library that the first successful attempt makes; if none is, the reason is that of the first."""
    failures = []
    for number, flags in enumerate(ATTEMPTS):
        compiled, linked = [], folder / f'{number}.so'
        try:
            for source in (file for file in SOURCES if file.suffix == '.c'):
                compiled.append(str(folder / f'{source.stem}{number}.o'))
                _run(compiler, *FLAGS, *of_type, *flags, '-c', str(source), '-o', compiled[-1])
            _run(compiler, *LINK, *compiled, '-lm', '-o', str(linked))
            ctypes.CDLL(str(linked))
        except BuildError as error:
            failures.append(error)
            continue
        except OSError as error:
            failures.append(BuildError(f'what {compiler} makes of the kernels does not load: {error}'))
            continue
        if failures:
            text = f'The C kernels run in one thread: {failures[0]}'
            print_log(text, logger='current', level=logging.WARNING)
        return linked
    raise failures[0]


def _run(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        reason = (result.stderr.strip() or f'status {result.returncode}').splitlines()[0]
        raise BuildError(f'{command[0]} does not compile the kernels: {reason}')
