"""What `benchmark.py cluster` times: a process, and a real node that predicts the same."""

import sys

import pytest

from mmtin.benchmarking.cluster import Spread
from mmtin.errors import UserError


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    monkeypatch.setenv('RAY_AUTH_MODE', 'disabled')
    monkeypatch.setenv('RAY_USAGE_STATS_ENABLED', '0')


def test_subjects_predict_all_videos():
    pytest.importorskip('ray', reason='no Ray here')
    timing = Spread(8, batch_size=4)
    with timing.ready(sizes=(1,)):
        assert {name: subject() for name, subject in timing.subjects.items()} == {'plain': 8, '1 node': 8}
    assert {name: len(seconds) for name, seconds in timing.first.items()} == {'plain': 1, '1 node': 1}


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(UserError, match=r'this takes Ray; pip install'), Spread(8).ready():
        pass
