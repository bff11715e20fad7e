"""The memory of this process by the operating system's count."""

import re
from pathlib import Path


def resident(field: str) -> int:
    """Bytes; 0 where the system does not say.

    Not ``getrusage``, whose figure a process inherits from the one that started it.

    Args:
        field: of ``/proc/self/status``: VmRSS for now, VmHWM for the most so far.
    """
    status = Path('/proc/self/status')
    found = re.search(rf'{field}:\s+(\d+) kB', status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else 0
