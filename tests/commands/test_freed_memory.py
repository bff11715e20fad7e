"""Memory of freed tensors is kept, not taken anew from the system."""

import platform
import subprocess
import sys

import pytest

from mmtin.commands import memory

# In numpy, which starts in a tenth of torch's time, and without the rest of mmtin.
FAULTS = """
import resource, runpy, sys
import numpy as np

if sys.argv[1] == 'keep':
    runpy.run_path(sys.argv[2])['keep_freed_memory']()

def use():
    np.ones(2 ** 24, np.float32)  # 64 MB, all of it written

use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='other C libraries have no such switch')
def test_pages_are_asked_for_once():
    faults = {}
    for how in ('keep', 'as it is'):
        command = [sys.executable, '-c', FAULTS, how, memory.__file__]
        faults[how] = int(subprocess.run(command, capture_output=True, check=True).stdout)
    # A fresh place may be found once more, not ten times.
    assert faults['keep'] * 3 < faults['as it is'], faults
