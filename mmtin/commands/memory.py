"""Memory that a network on the CPU frees and asks for again at every step."""

import ctypes
import platform

# Of glibc's mallopt.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Let this process keep the memory of freed tensors for the next ones.

    For one whose network is on the CPU.

    glibc gives every piece above 32 MB back to the system and takes a new one, which the system fills with
    zeros page by page. Activations of some clips of 224 pixels are as large, and a forward pass with that
    filling takes up to 1.8 times as long (docs/performance.md). In return the process is larger, by three
    tenths to two thirds where this was measured: pieces of other sizes lie between those that are free.

    Nothing is done with another C library.
    """
    if platform.libc_ver()[0] == 'glibc':
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, -1)  # never
