"""Our hook and loop do what mmengine's do, as its own tests ask: the same files, records and calls."""

import re

import mmengine
import pytest
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from packaging.version import Version

from mmtin.checkpoint import read_checkpoint
from mmtin.engine import BadClipsHook, FiniteLossHook
from mmtin.interlacing.hook import InterlacingHook
from tests.engine.test_whole_checkpoint import BATCHES, EPOCHS, make_runner

THEIRS = dict(hook='CheckpointHook', loop='EpochBasedTrainLoop')
OURS = dict(hook='WholeCheckpointHook', loop='ResumableTrainLoop')
RISING, FALLING = [0.3, 0.5, 0.9], [0.9, 0.5, 0.3]


class Calls(Hook):
    """Which hooks were called, with what counts."""

    def __init__(self):
        self.made = []

    def __getattribute__(self, name):
        if name.startswith(('before_', 'after_')) and not name.endswith('_checkpoint'):
            made = object.__getattribute__(self, 'made')
            return lambda runner, **_: made.append((name, runner.epoch, runner.iter))
        return object.__getattribute__(self, name)


def train(work_dir, hook, loop, loop_arguments, accuracies=(), **checkpoint):
    """The results of a training: files with their content, message hub, calls of hooks."""
    calls = Calls()
    runner = make_runner(
        work_dir, accuracies=list(accuracies), hooks=[calls], loop=dict(type=loop, **loop_arguments),
        type=hook, **checkpoint,
    )  # fmt: skip
    runner.train()
    root = work_dir.parent
    saved = {}
    for path in sorted(root.rglob('*.pth')):
        loaded = read_checkpoint(path)
        # The checksum in the name of a published checkpoint is of the time, too.
        name = re.sub('-[0-9a-f]{8}.pth', '-published.pth', str(path.relative_to(root)))
        saved[name] = sorted(loaded), loaded['meta']['epoch'], loaded['meta']['iter']
    hub = runner.message_hub.runtime_info
    # Which checkpoints are kept is written down before some of them go.
    known = {key: str(hub[key]) for key in hub if key.startswith(('best_', 'last_ckpt'))}
    last = work_dir / 'last_checkpoint'
    return saved, known, last.read_text() if last.exists() else None, calls.made


CASES = {
    'every epoch': {},
    'every second': dict(interval=2),
    'every second, not the last': dict(interval=2, save_last=False),
    'none': dict(interval=-1, save_last=False),
    'the last alone': dict(interval=-1),
    'from the third on': dict(save_begin=2, max_keep_ckpts=-1),
    'all': dict(max_keep_ckpts=-1),
    'two': dict(max_keep_ckpts=2),
    'by iteration': dict(by_epoch=False, interval=4, max_keep_ckpts=2),
    'by iteration, begin': dict(by_epoch=False, interval=3, save_begin=6, max_keep_ckpts=-1),
    'own name': dict(filename_tmpl='state_{}.pth', max_keep_ckpts=2),
    'no optimizer': dict(save_optimizer=False, save_param_scheduler=False),
    'best': dict(accuracies=RISING, save_best='acc'),
    'best of the first': dict(accuracies=FALLING, save_best='acc'),
    'best, auto': dict(accuracies=RISING, save_best='auto'),
    'least': dict(accuracies=FALLING, save_best='acc', rule='less'),
    'best by iteration': dict(accuracies=RISING, save_best='acc', by_epoch=False, interval=BATCHES),
    'two bests': dict(
        accuracies=[dict(acc=0.3, loss=2.0), dict(acc=0.9, loss=3.0), dict(acc=0.5, loss=1.0)],
        save_best=['acc', 'loss'],
    ),
    'no best': dict(accuracies=RISING, save_best=None),
    'no metrics': dict(accuracies=[{}, {}, {}]),
    'published': dict(accuracies=RISING, published_keys=['meta', 'state_dict']),
    'later validation': dict(accuracies=RISING[:2], loop_arguments=dict(val_begin=2)),
    'rare validation': dict(accuracies=RISING[:2], loop_arguments=dict(val_interval=2)),
    'changing intervals': dict(
        accuracies=RISING, loop_arguments=dict(val_interval=5, dynamic_intervals=[(2, 1)])
    ),
    'elsewhere': dict(accuracies=RISING, out_dir='elsewhere', max_keep_ckpts=2),
}


@pytest.mark.parametrize('case', CASES.values(), ids=CASES)
def test_training_leaves_the_same(tmp_path, monkeypatch, case):
    if case is CASES['rare validation'] and Version(mmengine.__version__) < Version('0.10.4'):
        pytest.skip('mmengine 0.10.3 validates after the last epoch only if the interval says so')
    case = {'loop_arguments': {}, **case}
    left = []
    for kind in (THEIRS, OURS):
        root = tmp_path / kind['loop']
        root.mkdir()
        monkeypatch.chdir(root)
        out_dir = {'out_dir': str(root / case['out_dir'])} if 'out_dir' in case else {}
        left.append(train(root / 'run', **kind, **(case | out_dir)))
    theirs, ours = (
        str(parts).replace(str(tmp_path / kind['loop']), '') for parts, kind in zip(left, (THEIRS, OURS))
    )
    assert ours == theirs
    assert len(left[1][-1]) > 2 * EPOCHS * BATCHES, 'every call must be seen'


@pytest.mark.parametrize(
    'arguments, error',
    [
        (dict(save_best=1), AssertionError),
        (dict(save_best=['acc', 'acc']), AssertionError),
        (dict(save_best='unknown'), ValueError),
        (dict(save_best='acc', rule='most'), KeyError),
        (dict(save_best=['auto', 'acc']), AssertionError),
        (dict(save_begin=-1), ValueError),
        (dict(published_keys=1), TypeError),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_as_by_mmengine(arguments, error):
    for kind in ('CheckpointHook', 'WholeCheckpointHook'):
        with pytest.raises(error):
            HOOKS.build(dict(type=kind, _scope_='mmaction', **arguments))


def test_loop_that_is_told_to_stop(tmp_path):
    class Enough(Hook):
        def after_train_epoch(self, runner):
            runner.train_loop.stop_training = runner.epoch == 1

    for kind in (THEIRS, OURS):
        runner = make_runner(
            tmp_path / kind['loop'], hooks=[Enough()], loop=dict(type=kind['loop']), type=kind['hook']
        )
        runner.train()
        assert (runner.epoch, runner.iter) == (2, 2 * BATCHES) and EPOCHS > 2


@pytest.mark.parametrize('max_epochs', [1.5, 'many'])
def test_epochs_are_whole(tmp_path, max_epochs):
    with pytest.raises((AssertionError, TypeError, ValueError)):
        make_runner(tmp_path, epochs=max_epochs).train()


@pytest.mark.parametrize('save_best', ['acc', ['acc', 'loss'], 'auto', None], ids=str)
@pytest.mark.parametrize('mode', ['val', 'test'])
def test_runs_that_do_not_train(tmp_path, mode, save_best):
    """Of every hook; mmengine's own fails in a validation with save_best."""
    runner = make_runner(
        tmp_path, accuracies=[dict(acc=0.5, loss=0.5)], save_best=save_best,
        hooks=[FiniteLossHook(), BadClipsHook(), InterlacingHook()],
    )  # fmt: skip
    scores = runner.val() if mode == 'val' else runner.test()
    assert scores == dict(acc=0.5, loss=0.5)
    assert not list(tmp_path.rglob('*.pth'))


def test_validation_after_a_training_can_be_the_best(tmp_path):
    runner = make_runner(tmp_path, accuracies=[0.3, 0.3, 0.3, 0.9])
    runner.train()
    runner.val()
    assert runner.message_hub.get_info('best_score') == 0.9
    assert (tmp_path / 'best_acc_epoch_3.pth').exists()
