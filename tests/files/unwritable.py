"""Disks and folders that cannot be written, without stubs."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file become larger, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """Allow nobody to write in a folder, not even the superuser."""
    folder.chmod(0o500)
    is_superuser = os.geteuid() == 0
    if is_superuser:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if is_superuser:
            os.setresuid(0, 0, 0)
        folder.chmod(0o700)
