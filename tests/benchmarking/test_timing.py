"""Timing in turns, paired ratios and quartiles."""

import pytest

from mmtin.benchmarking import alternate, compare


def test_subjects_take_turns_and_each_leads_a_round():
    calls = []
    subjects = {name: lambda name=name: calls.append(name) for name in 'abc'}
    seconds = alternate(subjects, repeats=3, warmup=1)
    rounds = [''.join(calls[i : i + 3]) for i in range(0, len(calls), 3)]
    assert rounds == ['abc', 'bca', 'cab', 'abc']
    assert {name: len(times) for name, times in seconds.items()} == {'a': 3, 'b': 3, 'c': 3}
    assert all(time > 0 for times in seconds.values() for time in times)


def test_clock_sees_one_subject_at_a_time():
    clock = lambda subject, device: subject()  # noqa: E731
    seconds = alternate({'slow': lambda: 2.0, 'fast': lambda: 1.0}, repeats=2, warmup=0, clock=clock)
    assert seconds == {'slow': [2.0, 2.0], 'fast': [1.0, 1.0]}


def test_ratios_are_taken_within_rounds():
    # The machine was three times slower in the last two rounds; the ratio of the medians would be 4 / 3.
    seconds = {'base': [1.0, 1.0, 3.0], 'ours': [2.0, 2.0, 6.0]}
    base, ours = compare(seconds, {'ours': {'base': 'base'}})
    assert ours.ratios == {'base': 2.0} and base.ratios == {}
    assert (ours.lower, ours.median, ours.upper) == (2.0, 2.0, 4.0)
    noisy = {'base': [1.0, 3.0, 3.0], 'ours': [2.0, 4.0, 6.0]}
    assert compare(noisy, {'ours': {'base': 'base'}})[1].ratios['base'] == 2.0


def test_one_round_has_no_spread():
    (row,) = compare({'a': [0.5]}, {})
    assert (row.lower, row.median, row.upper) == pytest.approx((0.5, 0.5, 0.5))
