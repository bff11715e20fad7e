"""Upstream warnings and tracebacks that a user cannot act on."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_sharer
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
        if not (issubclass(kind, ConnectionError | EOFError) and _is_of_the_thread(trace)):
            before(kind, error, trace)

    sys.excepthook = hook
    try:
        yield
    finally:
        sys.excepthook = before


def _is_of_the_thread(trace: TracebackType | None) -> bool:
    return trace is not None and trace.tb_frame.f_globals is vars(resource_sharer)
