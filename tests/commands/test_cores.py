"""Processes are started for the cores that a job has, not for those of the machine."""

import os
import runpy

import pytest

from mmtin.commands.cores import num_cores
from mmtin.prediction.videos import default_workers
from tests.tools.in_process import TOOLS

parser_of = runpy.run_path(str(TOOLS.parent / 'docs/write_commands.py'))['parser_of']


@pytest.fixture
def one_core():
    """Bind this thread to one core, as a cluster does with a job."""
    if not hasattr(os, 'sched_setaffinity'):
        pytest.skip('processes are not bound to cores here')
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


def test_cores_are_those_of_the_job(one_core):
    assert num_cores() == 1 and default_workers(9) == 1


@pytest.mark.parametrize('tool', ['check_videos', 'extract_flow'])
def test_commands_start_a_process_a_core(tool, one_core):
    assert parser_of(TOOLS / f'{tool}.py').get_default('workers') == 1


def test_cores_where_processes_are_not_bound(monkeypatch):
    """As on macOS and Windows."""
    monkeypatch.delattr(os, 'sched_getaffinity', raising=False)
    assert num_cores() == os.cpu_count()
    assert default_workers(9) == min(8, os.cpu_count())
    assert default_workers(1) == 0
