"""Compile the kernels with the C compiler of the machine, once, and load them.

Plain C without torch's headers: half a second the first time, then a file in the user's cache. OpenMP's
functions are left unresolved so that they come from torch, whose threads the kernels then share.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch

SOURCE = Path(__file__).with_name('interlace.c')
# An infinite or NaN frame must stay what it is: no -ffast-math.
FLAGS = ('-O3', '-march=native', '-std=c11', '-fPIC', '-fopenmp')


class BuildError(RuntimeError):
    """The kernels cannot be compiled or loaded here; the text says why."""


def load() -> ctypes.CDLL:
    """The compiled kernels.

    Raises:
        BuildError: without a compiler, or one whose OpenMP is not that of torch.
    """
    kernels = _load_once()
    if isinstance(kernels, BuildError):
        raise kernels
    return kernels


@functools.cache
def _load_once() -> ctypes.CDLL | BuildError:
    """A failure is kept too: what did not compile is not tried at every call."""
    compiler = shutil.which(os.environ.get('CC', 'cc'))
    if compiler is None:
        return BuildError('there is no C compiler; install gcc, or name a compiler in CC')
    try:
        library = library_file(compiler)
        if not library.exists():
            _compile(compiler, library)
        kernels = ctypes.CDLL(str(library))
    except BuildError as error:
        return error
    except OSError as error:
        return BuildError(f'the compiled kernels do not load ({error}); delete {library}')
    kernels.tiles_of_a_group.restype = ctypes.c_int64
    return kernels


def library_file(compiler: str) -> Path:
    """Where the kernels that ``compiler`` makes are kept."""
    try:
        cache = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache')
    except RuntimeError as error:
        raise BuildError('the user has no home folder; name one for the cache in XDG_CACHE_HOME') from error
    return cache / 'mmtin' / f'kernels-{_fingerprint(compiler)}.so'


def _fingerprint(compiler: str) -> str:
    """Differs where the result of compiling might: a home folder may serve several machines."""
    parts = (
        SOURCE.read_bytes(),
        ' '.join((compiler, *FLAGS)),
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


def _compile(compiler: str, library: Path) -> None:
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            compiled, linked = Path(folder) / 'kernels.o', Path(folder) / 'kernels.so'
            _run(compiler, *FLAGS, '-c', str(SOURCE), '-o', str(compiled))
            # Functions that other libraries have by the same names must not take the places of these.
            _run(compiler, '-shared', '-Wl,-Bsymbolic', str(compiled), '-lm', '-o', str(linked))
            # In one step, so that processes that compile at the same time do not read half a file.
            linked.replace(library)
    except OSError as error:
        raise BuildError(f'the kernels cannot be written to {library.parent} ({error})') from error


def _run(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        reason = (result.stderr.strip() or f'status {result.returncode}').splitlines()[0]
        raise BuildError(f'{command[0]} does not compile the kernels: {reason}')
