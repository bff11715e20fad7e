"""How much of the machine this process may use."""

import os


def num_cores() -> int:
    """The cores that this process may run on; a job of a cluster may have few of the machine's."""
    # Of Linux alone; elsewhere processes are not bound to cores.
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
