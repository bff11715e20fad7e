"""Checkpoints, validations and batches of a training that is stopped at the worst moment and resumed."""

import itertools
import shutil
from functools import partial
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import CheckpointHook, Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import BatchSampler, Dataset

from mmtin.checkpoint import read_checkpoint
from mmtin.engine.resumption import go_on_from, resume
from mmtin.engine.wrong_entries import one_sentence_on_wrong_entries
from mmtin.errors import UserError

NUM_SAMPLES, BATCH_SIZE, EPOCHS = 10, 2, 3
BATCHES = NUM_SAMPLES // BATCH_SIZE

_number = itertools.count()


class Stopped(Exception):  # noqa: N818
    """Stops a training in these tests; nothing catches it."""


def stop(runner):
    raise Stopped


def obstruct(name, runner):
    """Make writing a file of this name fail."""
    Path(runner.work_dir, f'.{name}.0.part').mkdir()


class Do(Hook):
    """Something at the end of an iteration."""

    priority = 'LOWEST'

    def __init__(self, action, iteration):
        self.action, self.iteration = action, iteration

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iteration:
            self.action(runner)


class Samples(Dataset):
    """Numbers, and which of them were loaded."""

    def __init__(self):
        self.metainfo, self.loaded = {}, []

    def __len__(self):
        return NUM_SAMPLES

    def __getitem__(self, index):
        self.loaded.append(index)
        return dict(inputs=torch.tensor([float(index)]))


class Network(BaseModel):
    """One layer, and dropout behind it."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs, mode='tensor'):
        values = self.layer(torch.stack(inputs))
        if mode == 'loss':
            return dict(loss=torch.nn.functional.dropout(values).square().mean())
        return [values]


class Score(BaseMetric):
    """The accuracies of a list, or several metrics, one after another; an exception in it is raised."""

    def __init__(self, accuracies):
        super().__init__()
        self.accuracies = accuracies

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        accuracy = self.accuracies.pop(0)
        if isinstance(accuracy, Exception):
            raise accuracy
        return accuracy if isinstance(accuracy, dict) else dict(acc=accuracy)


def make_runner(
    work_dir, resumed=False, accuracies=(), hooks=(), seed=0, epochs=EPOCHS, loader=None, accumulate=1,
    loop=None, schedule=None, lr=1e-3, randomness=None, **checkpoint,
):  # fmt: skip
    randomness = dict(seed=seed) | (randomness or {})
    cfg = Config(dict(work_dir=str(work_dir), resume=resumed, randomness=randomness))
    checkpoint_of_run = resume(cfg, None, seed)
    data = dict(batch_size=BATCH_SIZE, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True))
    validation = {}
    if accuracies:
        validation = dict(
            val_dataloader=dict(dataset=Samples(), **data),
            val_evaluator=Evaluator(Score(accuracies)),
            val_cfg=dict(type='ValLoop'),
            test_dataloader=dict(dataset=Samples(), **data),
            test_evaluator=Evaluator(Score(accuracies)),
            test_cfg=dict(type='TestLoop'),
        )
        checkpoint = dict(save_best='acc') | checkpoint
    runner = Runner(
        dict(type=Network),
        **cfg,
        **validation,
        cfg=cfg,
        experiment_name=f'resumption{next(_number)}',
        default_scope='mmaction',
        log_level='WARNING',
        train_dataloader=dict(dataset=Samples(), **(data | (loader or {}))),
        train_cfg={'type': 'ResumableTrainLoop', 'max_epochs': epochs, **(loop or {})},
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=lr, momentum=0.9),
            paramwise_cfg=dict(bias_lr_mult=0.5),
            accumulative_counts=accumulate,
        ),
        param_scheduler=schedule,
        default_hooks=dict(
            checkpoint={'type': 'WholeCheckpointHook', 'interval': 1, 'max_keep_ckpts': 1, **checkpoint},
            iteration_seed=dict(type='IterationSeedHook'),
            schedule=dict(type='ScheduleHook'),
        ),
        custom_hooks=list(hooks),
    )
    go_on_from(runner, checkpoint_of_run)
    return runner


def checkpoints(work_dir):
    """Their names; what ``last_checkpoint`` names first."""
    last = Path((work_dir / 'last_checkpoint').read_text()).name
    return [last, *sorted({path.name for path in work_dir.glob('*.pth')} - {last})]


def loaded(runner):
    return runner.train_dataloader.dataset.loaded


def assert_same_weights(first, second):
    for name, value in first.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[name], value), name


def test_best_by_a_metric_that_the_validation_lacks_is_one_sentence(tmp_path):
    runner = make_runner(tmp_path, accuracies=[0.5], save_best='accu')
    with (
        pytest.raises(UserError, match=r'save_best=accu, but the validation gives acc; do you mean acc\?'),
        one_sentence_on_wrong_entries(),
    ):
        runner.train()


@pytest.mark.parametrize('iteration', [2, BATCHES, BATCHES + 3])
def test_batches_that_an_epoch_has_seen_are_not_loaded_again(tmp_path, iteration):
    whole = make_runner(tmp_path / 'whole')
    whole.train()
    with pytest.raises(Stopped):
        make_runner(tmp_path / 'run', hooks=[Do(stop, iteration)], by_epoch=False).train()
    resumed = make_runner(tmp_path / 'run', resumed=True, by_epoch=False)
    resumed.train()
    assert loaded(resumed) == loaded(whole)[iteration * BATCH_SIZE :]
    assert resumed.iter == whole.iter
    assert_same_weights(resumed, whole)
    assert checkpoints(tmp_path / 'run') == [f'iter_{EPOCHS * BATCHES}.pth']


@pytest.mark.parametrize('by_epoch', [True, False])
def test_gradients_that_have_accumulated_are_not_lost(tmp_path, by_epoch):
    whole = make_runner(tmp_path / 'whole', accumulate=3)
    whole.train()
    with pytest.raises(Stopped):
        make_runner(tmp_path / 'run', hooks=[Do(stop, 7)], accumulate=3, by_epoch=by_epoch).train()
    resumed = make_runner(tmp_path / 'run', resumed=True, accumulate=3)
    resumed.train()
    assert_same_weights(resumed, whole)


class EveryOtherFirst(BatchSampler):
    """Batches in another order than that of the sampler."""

    def __iter__(self):
        batches = list(super().__iter__())
        return iter(batches[::2] + batches[1::2])


def test_batches_that_are_not_in_the_order_of_the_sampler(tmp_path):
    loader = dict(batch_sampler=dict(type=EveryOtherFirst, drop_last=False))
    whole = make_runner(tmp_path / 'whole', loader=loader)
    whole.train()
    with pytest.raises(Stopped):
        make_runner(tmp_path / 'run', hooks=[Do(stop, 7)], by_epoch=False, loader=loader).train()
    resumed = make_runner(tmp_path / 'run', resumed=True, loader=loader)
    resumed.train()
    assert_same_weights(resumed, whole)


def test_epoch_cannot_go_on_in_other_batches(tmp_path):
    with pytest.raises(Stopped):
        make_runner(tmp_path, hooks=[Do(stop, 2)], by_epoch=False).train()
    with pytest.raises(UserError, match='stands after batch 2 of 5 of an epoch, which has 10 batches now'):
        make_runner(tmp_path, resumed=True, loader=dict(batch_size=1)).train()


def test_next_epoch_can_have_other_batches(tmp_path):
    make_runner(tmp_path, epochs=1).train()
    resumed = make_runner(tmp_path, resumed=True, loader=dict(batch_size=1), epochs=2)
    resumed.train()
    assert sorted(loaded(resumed)) == list(range(NUM_SAMPLES))


@pytest.mark.parametrize('batch_size', [1, 5], ids=['more', 'fewer'])
def test_next_epochs_can_accumulate_gradients_over_other_batches(tmp_path, batch_size):
    """Every one of them is in a step, also the last ones."""
    make_runner(tmp_path, epochs=2, accumulate=4).train()
    loader = dict(batch_size=batch_size)
    resumed = make_runner(tmp_path, resumed=True, loader=loader, accumulate=4, epochs=3)
    resumed.train()
    assert resumed.iter == resumed.max_iters == 2 * BATCHES + NUM_SAMPLES // batch_size
    assert resumed.optim_wrapper.should_update()


def test_another_seed_is_refused(tmp_path):
    make_runner(tmp_path, epochs=1, seed=7).train()
    with pytest.raises(UserError, match='started with --seed 7, this command says 0; resume with --seed 7'):
        make_runner(tmp_path, resumed=True).train()


def test_another_process_has_its_own_seed(tmp_path, monkeypatch):
    """As --diff-rank-seed gives it; the checkpoint has that of the first process."""
    randomness = dict(diff_rank_seed=True)
    make_runner(tmp_path, epochs=1, randomness=randomness).train()
    monkeypatch.setattr('mmengine.runner.utils.get_rank', lambda: 1)
    monkeypatch.setattr('mmtin.engine.iteration_seed.get_rank', lambda: 1)
    with pytest.raises(UserError, match='started with --seed 0, this command says 5; resume with --seed 0'):
        make_runner(tmp_path, resumed=True, seed=5, randomness=randomness).train()
    resumed = make_runner(tmp_path, resumed=True, epochs=2, randomness=randomness)
    resumed.train()
    assert (resumed.seed, resumed.epoch) == (1, 2)


@pytest.mark.parametrize('epoch', [1, EPOCHS])
def test_validation_that_was_missed_is_made_up_for(tmp_path, epoch):
    with pytest.raises(Stopped):
        make_runner(tmp_path, accuracies=[0.5] * (epoch - 1) + [Stopped()]).train()
    accuracies = [0.9] + [0.1] * (EPOCHS - epoch)
    make_runner(tmp_path, resumed=True, accuracies=accuracies).train()
    assert not accuracies, 'a validation was left out'
    assert checkpoints(tmp_path) == [f'epoch_{EPOCHS}.pth', f'best_acc_epoch_{epoch}.pth']


def test_validation_that_was_missed_after_the_interval_changed(tmp_path):
    loop = dict(val_interval=10, dynamic_intervals=[(3, 1)])
    with pytest.raises(Stopped):
        make_runner(tmp_path, accuracies=[Stopped()], loop=loop).train()
    accuracies = [0.9, 0.1]
    make_runner(tmp_path, resumed=True, accuracies=accuracies, loop=loop).train()
    assert checkpoints(tmp_path) == ['epoch_3.pth', 'best_acc_epoch_2.pth'] and not accuracies


def test_validation_that_is_in_the_checkpoint_is_not_repeated(tmp_path):
    make_runner(tmp_path, accuracies=[0.5], epochs=1).train()
    make_runner(tmp_path, resumed=True, accuracies=[0.6], epochs=2).train()
    assert checkpoints(tmp_path) == ['epoch_2.pth', 'best_acc_epoch_2.pth']


@pytest.mark.parametrize(
    'name, left',
    [
        ('epoch_2.pth', ['epoch_1.pth', 'best_acc_epoch_1.pth']),
        ('best_acc_epoch_2.pth', ['epoch_2.pth', 'best_acc_epoch_1.pth']),
        ('last_checkpoint', ['epoch_1.pth', 'best_acc_epoch_1.pth', 'epoch_2.pth']),
    ],
)
def test_what_was_there_stays_until_the_new_one_is_whole(tmp_path, name, left):
    hooks = [Do(partial(obstruct, name), BATCHES + 1)]
    with pytest.raises(OSError):
        make_runner(tmp_path, hooks=hooks, accuracies=[0.5, 0.6, 0.7]).train()
    assert checkpoints(tmp_path) == left
    (tmp_path / f'.{name}.0.part').rmdir()
    make_runner(tmp_path, resumed=True, accuracies=[0.6, 0.7]).train()
    assert checkpoints(tmp_path) == ['epoch_3.pth', 'best_acc_epoch_3.pth']


@pytest.mark.parametrize('move', [shutil.copytree, shutil.move], ids=['copied', 'moved'])
@pytest.mark.parametrize('save_best', ['acc', ['acc', 'loss']], ids=['one best', 'two'])
def test_folder_of_another_run_is_left_alone(tmp_path, move, save_best):
    metrics = [dict(acc=score, loss=1 - score) for score in (0.5, 0.6)]
    make_runner(tmp_path / 'first', accuracies=metrics[:1], epochs=1, save_best=save_best).train()
    left = checkpoints(tmp_path / 'first')
    move(tmp_path / 'first', tmp_path / 'second')
    make_runner(
        tmp_path / 'second', resumed=True, accuracies=metrics[1:], epochs=2, save_best=save_best
    ).train()
    keys = [save_best] if isinstance(save_best, str) else save_best
    best = [f'best_{key}_epoch_2.pth' for key in keys]
    assert checkpoints(tmp_path / 'second') == ['epoch_2.pth', *best]
    if (tmp_path / 'first').exists():
        assert checkpoints(tmp_path / 'first') == left


def test_checkpoint_that_should_have_gone_goes_later(tmp_path):
    make_runner(tmp_path, epochs=2, max_keep_ckpts=2).train()
    (tmp_path / '.epoch_3.pth.0.part').touch()
    make_runner(tmp_path, resumed=True, max_keep_ckpts=1, epochs=2).train()
    assert checkpoints(tmp_path) == ['epoch_2.pth']
    assert not list(tmp_path.glob('.*'))


def test_checkpoints_of_another_hook_say_where_they_stand(tmp_path):
    other = CheckpointHook(interval=2, by_epoch=False, filename_tmpl='other_{}.pth')
    make_runner(tmp_path, hooks=[other]).train()
    for iteration in (2, BATCHES + 1, EPOCHS * BATCHES):
        meta = read_checkpoint(tmp_path / f'other_{iteration}.pth')['meta']
        assert (meta['epoch'], meta['iter']) == ((iteration - 1) // BATCHES, iteration)
