"""Memory of freed tensors is kept, not taken anew from the system."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from mmtin.commands.memory import keep_freed_memory

if sys.argv[1] == 'keep':
    keep_freed_memory()

def use():
    torch.ones(2 ** 24)  # 64 MB, all of it written

use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='other C libraries have no such switch')
def test_pages_are_asked_for_once():
    faults = {
        how: int(
            subprocess.run([sys.executable, '-c', FAULTS, how], capture_output=True, check=True).stdout
        )
        for how in ('keep', 'as it is')
    }
    # A fresh place may be found once more, not ten times.
    assert faults['keep'] * 3 < faults['as it is'], faults
