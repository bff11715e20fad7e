"""An item that crashes or hangs affects no other."""

import faulthandler
import os
import signal
import time

import pytest

from mmtin.datasets.preparing.isolation import find_faults


def misbehave(item: str) -> str | None:
    if item == 'crash':
        faulthandler.disable()  # pytest's, whose report would look like a crash of the test
        os.kill(os.getpid(), signal.SIGSEGV)
    if item == 'exit':
        os._exit(3)
    if item == 'raise':
        raise RuntimeError
    if item == 'hang':
        time.sleep(600)
    print('noise')
    return None if item == 'good' else f'{item} is bad'


calls = []


def count_calls(item: int) -> str:
    calls.append(item)
    return str(len(calls))


@pytest.mark.parametrize('workers', [1, 3])
def test_crashes_are_survived_and_told_apart(workers, capfd):
    items = ['good', 'crash', 'good', 'exit', 'rotten', 'raise', 'good']
    assert dict(find_faults(misbehave, items, workers, time_limit=600)) == {
        0: None,
        1: 'killed its process (SIGSEGV)',
        2: None,
        3: 'killed its process (exit status 3)',
        4: 'rotten is bad',
        5: 'killed its process (exit status 1)',
        6: None,
    }
    assert 'noise' not in capfd.readouterr().out


@pytest.mark.parametrize('workers', [1, 3])
def test_hangs_are_survived(workers):
    """Of items that hang alone, so that a busy machine cannot be taken for a fault."""
    assert dict(find_faults(misbehave, ['hang', 'hang'], workers, time_limit=1)) == dict.fromkeys(
        range(2), 'took longer than 1 s'
    )


def test_items_share_no_memory():
    assert dict(find_faults(count_calls, range(3), workers=1, time_limit=60)) == dict.fromkeys(
        range(3), '1'
    )


def test_no_items_no_processes():
    assert list(find_faults(misbehave, [], 2, time_limit=1)) == []
