"""The benchmark of a step: what it times is right, and what it watches is there."""

import pytest

from mmtin.benchmarking import stream
from mmtin.errors import UserError
from mmtin.models import TemporalInterlace


def test_step_and_2d_network_are_timed(monkeypatch):
    records = stream.measure(depth=18, streams=2, size=32, repeats=1, warmup=0, steps=10)
    assert [line['subject'] for line in records] == ['2D', 'step', '2D, fused', 'step, fused']
    for line in records:
        assert line['ms'] > 0 and line['frames/s'] > 0
        assert ('x 2D' in line) == ('state MB' in line) == line['subject'].startswith('step')
    # 2 streams, R = 4, a quarter of the channels of 8 blocks of 32 pixels, float32, and some means.
    pixels = 16 * 2 * 64 + 16 * 64 + 32 * 16 + 32 * 16 + 64 * 4 + 64 * 4 + 128
    assert records[1]['state MB'] * 1e6 == pytest.approx(2 * 4 * 4 * pixels, rel=0.4)


def test_a_wrong_step_is_not_timed(monkeypatch):
    right = TemporalInterlace.step_within
    monkeypatch.setattr(
        TemporalInterlace, 'step_within', lambda self, moving, *others: right(self, moving.mul_(2), *others)
    )
    with pytest.raises(UserError, match='a step gives a wrong answer, so that it is not timed'):
        stream.measure(depth=18, size=32, repeats=1, warmup=0, steps=10)
