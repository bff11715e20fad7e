"""A resumed run has the rates of a run of its config that was never stopped, whatever the config was."""

import warnings

import pytest
from mmengine.hooks import Hook

from tests.engine.test_whole_checkpoint import BATCHES, Do, Stopped, make_runner, stop

STOPPED_AFTER = 3


class Rates(Hook):
    """What every group of parameters has in every iteration."""

    def __init__(self):
        self.seen = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        groups = runner.optim_wrapper.param_groups
        self.seen.append([(runner.epoch, group['lr'], group['momentum']) for group in groups])


def one_cycle(epochs):
    return [dict(type='OneCycleLR', eta_max=0.1, total_steps=epochs, convert_to_iter_based=True)]


def steps_after_warm_up(epochs):
    warm_up = dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=BATCHES + 2)
    return [warm_up, dict(type='MultiStepLR', milestones=[epochs // 2, epochs - 1])]


def cosine_of_rate_and_momentum(epochs):
    return [
        dict(type='CosineAnnealingLR', T_max=epochs, convert_to_iter_based=True),
        dict(type='CosineAnnealingMomentum', T_max=epochs, eta_min=0.5),
    ]


def rates(work_dir, schedule, epochs=4, hooks=(), **options):
    seen = Rates()
    hooks = [seen, *hooks]
    make_runner(work_dir, hooks=hooks, epochs=epochs, schedule=schedule(epochs), **options).train()
    return seen.seen


@pytest.mark.parametrize('schedule', [one_cycle, steps_after_warm_up, cosine_of_rate_and_momentum])
@pytest.mark.parametrize(
    'change',
    [
        {},
        dict(epochs=8),
        dict(lr=1e-4),
        dict(loader=dict(batch_size=5)),
        dict(loader=dict(batch_size=1), epochs=6),
    ],
    ids=str,
)
def test_rates_are_those_of_the_config_now(tmp_path, schedule, change):
    rates(tmp_path / 'run', schedule, epochs=STOPPED_AFTER)
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        resumed = rates(tmp_path / 'run', schedule, resumed=True, **change)
    whole = rates(tmp_path / 'whole', schedule, **change)
    assert resumed == [seen for seen in whole if seen[0][0] >= STOPPED_AFTER]
    assert len({seen[0][1] for seen in whole}) > 1


@pytest.mark.parametrize('iteration', [2, BATCHES + 1, 2 * BATCHES])
def test_run_that_was_stopped_within_an_epoch(tmp_path, iteration):
    with pytest.raises(Stopped):
        rates(tmp_path / 'run', steps_after_warm_up, hooks=[Do(stop, iteration)], by_epoch=False)
    resumed = rates(tmp_path / 'run', steps_after_warm_up, resumed=True, by_epoch=False)
    assert resumed == rates(tmp_path / 'whole', steps_after_warm_up)[iteration:]


def test_schedule_that_follows_a_metric_goes_on(tmp_path):
    def plateau(epochs):
        return [dict(type='ReduceOnPlateauLR', monitor='acc', rule='greater', patience=0)]

    options = dict(schedule=plateau, save_best=None)
    rates(tmp_path / 'run', epochs=2, accuracies=[0.5] * 2, **options)
    resumed = rates(tmp_path / 'run', resumed=True, accuracies=[0.5] * 3, **options)
    assert resumed == rates(tmp_path / 'whole', accuracies=[0.5] * 4, **options)[2 * BATCHES :]
