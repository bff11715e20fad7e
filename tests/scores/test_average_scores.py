"""Averages of scores and their metrics."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, top_k_accuracy_score

from mmtin.errors import UserError
from mmtin.scores.ensemble import average, metrics
from tests.scores.scored_clips import many_hot_labels, scored_clips


def stacked(clips):
    return np.stack([clip.scores for clip in clips])


def test_weights_count_by_their_ratios():
    one, two = scored_clips(seed=1), scored_clips(seed=2)
    together = average({'one': one, 'two': two}, [1, 3])
    np.testing.assert_allclose(stacked(together), 0.25 * stacked(one) + 0.75 * stacked(two), atol=1e-6)
    assert [(clip.name, clip.label) for clip in together] == [(clip.name, clip.label) for clip in one]
    np.testing.assert_allclose(
        stacked(average({'one': one, 'two': two}, [10, 30])), stacked(together), atol=1e-6
    )


def test_equal_weights_by_default_for_any_number_of_parts():
    parts = {str(seed): scored_clips(seed=seed) for seed in range(3)}
    np.testing.assert_allclose(
        stacked(average(parts)), np.mean([*map(stacked, parts.values())], axis=0), atol=1e-6
    )


def test_single_label_metrics_are_scikit_learns():
    clips = scored_clips(count=40)
    labels = [clip.label for clip in clips]
    values = metrics(clips)
    for k in (1, 5):
        assert values[f'acc/top{k}'] == pytest.approx(top_k_accuracy_score(labels, stacked(clips), k=k))


def test_multi_label_metrics_are_scikit_learns():
    labels = many_hot_labels(40)
    clips = scored_clips(count=40, labels=labels)
    assert metrics(clips) == pytest.approx(
        {
            'acc/mmit_mean_average_precision': average_precision_score(
                labels, stacked(clips), average='samples'
            ),
            'acc/mean_average_precision': average_precision_score(labels, stacked(clips), average='macro'),
        }
    )


def test_multi_label_scores_are_averaged():
    one, two = (scored_clips(seed=seed, labels=many_hot_labels()) for seed in (1, 2))
    np.testing.assert_allclose(
        stacked(average({'a': one, 'b': two})), (stacked(one) + stacked(two)) / 2, atol=1e-6
    )


def test_unknown_labels_have_no_metrics():
    assert metrics(scored_clips(labels=[-1] * 12)) == {}


def test_media_in_another_place_are_the_same_clips():
    assert average({'a': scored_clips(), 'b': scored_clips(folder='/disk')})


def test_labels_suffice_where_one_dump_has_no_names():
    together = average({'a': scored_clips(folder=None), 'b': scored_clips()})
    assert together[0].name == 'data/val/class0/0.mp4'


def relabelled(clips):
    return [replace(clip, label=(clip.label + 1) % 6) for clip in clips]


@pytest.mark.parametrize(
    'other, fault',
    [
        (scored_clips(count=11), 'a has 12 clips and b 11'),
        (scored_clips(classes=7), 'a has 6 classes and b 7'),
        (scored_clips()[::-1], r'clip 1 is class0/0\.mp4 in a and class1/11\.mp4 in b'),
        (relabelled(scored_clips()), 'clip 1 has label 0 in a and 1 in b: labels in another order'),
        (relabelled(scored_clips(folder=None)), 'clip 1 .*: another set, or labels in another order'),
        (scored_clips(labels=many_hot_labels()), 'clip 1 has label 0 in a and 0 2 in b'),
    ],
    ids=['clips', 'classes', 'order of clips', 'order of labels', 'labels without names', 'several labels'],
)
def test_dumps_that_do_not_belong_together_are_refused(other, fault):
    with pytest.raises(UserError, match=fault):
        average({'a': scored_clips(), 'b': other})


def test_clips_with_neither_labels_nor_names_are_refused():
    parts = {name: scored_clips(folder=None, labels=[-1] * 12) for name in 'ab'}
    with pytest.raises(UserError, match='neither labels nor names'):
        average(parts)


def test_scores_that_are_no_probabilities_are_refused():
    logits = [replace(clip, scores=np.log(clip.scores)) for clip in scored_clips()]
    with pytest.raises(UserError, match=r'b has scores from -.* no probabilities; .*average_clips=prob'):
        average({'a': scored_clips(), 'b': logits})


@pytest.mark.parametrize(
    'weights, fault',
    [([1], 'one weight for each of 2 dumps, got 1'), ([1, 0], 'positive'), ([1, float('nan')], 'positive')],
)
def test_weights_that_do_not_fit_are_refused(weights, fault):
    with pytest.raises(UserError, match=fault):
        average({'a': scored_clips(), 'b': scored_clips(seed=1)}, weights)


def test_one_dump_is_no_ensemble():
    with pytest.raises(UserError, match='two dumps or more'):
        average({'a': scored_clips()})
