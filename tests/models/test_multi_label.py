"""Clips with several labels: loss, scores and the two mean average precisions."""

import mmtin  # noqa: F401  # isort: skip  # a process of torch.multiprocessing imports this file alone

import pytest
import torch
from mmaction.evaluation import AccMetric
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from sklearn.metrics import average_precision_score
from torch import multiprocessing

from mmtin.compat.torch import leave_process_group

CLASSES = 12


@pytest.fixture
def head():
    return MODELS.build(
        dict(
            type='MultiLabelTSMHead', num_classes=CLASSES, in_channels=6, num_segments=2, multi_class=True,
            loss_cls=dict(type='BCELossWithLogits'), average_clips='prob',
        )
    )  # fmt: skip


def many_hot(count):
    return (torch.rand(count, CLASSES, generator=torch.Generator().manual_seed(1)) < 0.3).float()


@pytest.mark.parametrize('batch', [1, 3])
def test_loss_is_binary_cross_entropy_on_logits(head, batch):
    logits, labels = torch.randn(batch, CLASSES), many_hot(batch)
    samples = [ActionDataSample().set_gt_label(label) for label in labels]
    losses = head.loss_by_feat(logits, samples)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
    torch.testing.assert_close(losses['loss_cls'], expected)


def test_scores_are_independent_probabilities_averaged_over_views(head):
    logits = torch.randn(6, CLASSES)
    scores = head.average_clip(logits, num_segs=3)
    torch.testing.assert_close(scores, logits.sigmoid().view(2, 3, CLASSES).mean(1))
    assert (scores.sum(1) > 1.5).all()


def metric_inputs(count):
    scores = torch.rand(count, CLASSES, generator=torch.Generator().manual_seed(2))
    labels = many_hot(count)
    # Every clip and class has a label, without which a precision has no meaning.
    labels[torch.arange(count), torch.arange(count) % CLASSES] = 1
    return scores, labels


def evaluate(scores, labels, total):
    metric = AccMetric(metric_list=('mmit_mean_average_precision', 'mean_average_precision'))
    metric.process({}, [dict(pred_score=s, gt_label=label) for s, label in zip(scores, labels)])
    return metric.evaluate(total)


def expected_metrics(scores, labels):
    return {
        'acc/mmit_mean_average_precision': average_precision_score(labels, scores, average='samples'),
        'acc/mean_average_precision': average_precision_score(labels, scores, average='macro'),
    }


def test_precisions_are_scikit_learns():
    scores, labels = metric_inputs(25)
    assert evaluate(scores, labels, 25) == pytest.approx(expected_metrics(scores, labels), abs=1e-6)


def evaluate_share(rank, world_size, address, results):
    torch.distributed.init_process_group('gloo', init_method=address, rank=rank, world_size=world_size)
    scores, labels = metric_inputs(25)
    # As DefaultSampler deals clips out: in turns, the first again at the end so that shares are equal.
    share = torch.arange(26)[rank::world_size] % 25
    metrics = evaluate(scores[share], labels[share], 25)
    if rank == 0:
        results.put(metrics)
    torch.distributed.barrier()
    leave_process_group()


def test_two_processes_count_each_clip_once(tmp_path):
    context = multiprocessing.get_context('spawn')
    results = context.SimpleQueue()
    multiprocessing.spawn(evaluate_share, (2, f'file://{tmp_path}/rendezvous', results), nprocs=2)
    assert results.get() == pytest.approx(expected_metrics(*metric_inputs(25)), abs=1e-6)
