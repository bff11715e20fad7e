"""Upstream warnings that a user cannot act on."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

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
