"""The process of a run keeps out of the way of others."""

import os
import sys

from filelock import FileLock

from tests.tools.own_process import run


def test_no_run_is_trained_twice_at_a_time(tmp_path):
    config = tmp_path / 'config.py'
    config.write_text('')
    with FileLock(tmp_path / 'lock'):
        result = run(sys.executable, '-m', 'mmtin.ablation', config, os.getpid(), cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == (
        'error: another command trains this run; wait until it has finished'
    )


def test_a_run_ends_with_a_command_that_was_killed_before_it_began(tmp_path):
    config = tmp_path / 'config.py'
    config.write_text('import time\ntime.sleep(3600)\n')
    assert run(sys.executable, '-m', 'mmtin.ablation', config, 0, cwd=tmp_path).returncode == 1
