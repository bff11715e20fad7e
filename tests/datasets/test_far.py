"""The far set: only the order of two events tells its classes apart."""

import numpy as np
import pytest

from mmtin.datasets.synthetic import far

COUNT = 6000
T = 24


@pytest.fixture(scope='module')
def plans():
    """For many clips played forwards: middles of the events in frames of 24, and the events."""
    rngs = [np.random.default_rng([0, index]) for index in range(COUNT)]
    times = np.stack([far.event_times(rng) for rng in rngs])
    return times, np.array([far.event_pair(rng) for rng in rngs])


def of_class(plans, backwards):
    """Times and events of the clips of a class, in order of time."""
    times, events = plans
    half = slice(backwards, COUNT, 2)  # clips of their own
    times, events = times[half], events[half]
    if not backwards:
        return times, events
    times = times[:, ::-1].copy()
    times[..., 0] = 1 - times[..., 0]
    return times, events[:, ::-1]


def test_events_are_8_to_18_sampled_frames_apart_and_seen(plans):
    times, _ = plans
    gap = T * (times[:, 1, 0] - times[:, 0, 0])
    assert gap.min() >= 8 and gap.max() <= 18 and gap.min() < 8.1 and gap.max() > 17.9
    begin, end = times[..., 0] - times[..., 1] / 2, times[..., 0] + times[..., 1] / 2
    assert begin.min() >= -1e-9 and end.max() <= 1 + 1e-9
    middles = (np.arange(T) + 0.5) / T
    assert ((middles > begin[..., None]) & (middles < end[..., None])).sum(-1).min() >= 1


def test_order_tells_the_class(plans):
    for backwards, step in ((False, 1), (True, 2)):
        _, events = of_class(plans, backwards)
        assert ((events[:, 1] - events[:, 0]) % 3 == step).all()


@pytest.mark.parametrize('which', [0, 1], ids=['first', 'second'])
def test_one_event_and_where_it_stands_do_not_tell(plans, which):
    """By event and place, in 12 parts of the clip, as often in one class as in the other."""
    counts = []
    for backwards in (False, True):
        times, events = of_class(plans, backwards)
        place = (12 * times[:, which, 0]).astype(int)
        counts.append(np.bincount(12 * events[:, which] + place, minlength=36))
    counts = np.array(counts, float)
    expected = counts.sum(0) / 2
    seen = expected > 0
    chi_square = (((counts - expected) ** 2)[:, seen] / expected[seen]).sum()
    # As many degrees of freedom as places; a thousandth of all draws lies above.
    assert chi_square < seen.sum() + 3.5 * np.sqrt(2 * seen.sum()) + 3


def test_both_events_without_their_order_and_the_time_between_do_not_tell(plans):
    sets, gaps = [], []
    for backwards in (False, True):
        times, events = of_class(plans, backwards)
        sets.append(np.bincount(events.sum(1), minlength=4)[1:4] / len(events))
        gaps.append(np.diff(times[..., 0], axis=1).mean())
    np.testing.assert_allclose(sets, 1 / 3, atol=0.04)
    assert abs(gaps[0] - gaps[1]) < 0.01


@pytest.mark.parametrize('family', range(4), ids=far.FAMILIES)
def test_clip_shows_what_was_planned_whatever_its_class(family):
    """Same seed, other class: the same frames in reverse, so the same length and the same single frames."""
    forwards, backwards = (
        far.render_clip(2 * family + way, np.random.default_rng(family)) for way in (0, 1)
    )
    np.testing.assert_array_equal(forwards.frames, backwards.frames[::-1])
    assert forwards.fps == backwards.fps
    lengths = {len(far.render_clip(2 * family, np.random.default_rng(seed)).frames) for seed in range(8)}
    assert len(lengths) > 4


def test_events_of_a_family_look_different():
    for family in range(4):
        states = [far.event_state(family, event, np.random.default_rng(1)) for event in range(3)]
        looks = [(tuple(state), tuple(colour)) for _, state, colour in states]
        assert len(set(looks)) == 3
