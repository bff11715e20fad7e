"""Upstream warnings and tracebacks that a user cannot act on."""

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

_MESSAGES = (
    'pkg_resources is deprecated',  # mmengine imports it
    'Fail to import ``MultiScaleDeformableAttention``',  # mmcv-lite has no compiled operators
)


@contextmanager
def upstream_warnings_ignored() -> Iterator[None]:
    """Hide them within the block."""
    with warnings.catch_warnings():
        for message in _MESSAGES:
            warnings.filterwarnings('ignore', message)
        yield


@contextmanager
def dropped_batches_ignored() -> Iterator[None]:
    """Hide the traceback of a loader's process whose batch is not fetched, as after Ctrl-C.

    A thread of that process hands out its batches, and prints what it meets
    (``multiprocessing.resource_sharer``). Processes forked within the block print no lost connection.
    """
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        main = threading.current_thread() is threading.main_thread()
        if main or not issubclass(kind, ConnectionError | EOFError):
            before(kind, error, trace)

    sys.excepthook = hook
    try:
        yield
    finally:
        sys.excepthook = before
