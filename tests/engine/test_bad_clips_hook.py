"""The hook counts over several processes, and by share of the clips seen."""

from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.logging import MessageHub, MMLogger
from torch import multiprocessing

from mmtin.compat.torch import leave_process_group
from mmtin.datasets.bad_clips import BAD_CLIPS, REPORTED
from mmtin.engine import BadClipsHook
from mmtin.errors import UserError


@pytest.fixture(autouse=True)
def runner_of_its_own():
    """Keep hooks without a Runner from writing into the message hub of another test."""
    yield
    MessageHub.get_current_instance().pop_info(REPORTED, None)


def runner_for(log_dir, size):
    """The part of a Runner that the hook asks."""
    loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=range(size)))
    return SimpleNamespace(log_dir=str(log_dir), train_loop=loop, val_loop=loop, test_loop=loop)


def batch(*bad, good=0):
    """A batch of ``good`` samples and one that replaces the clips ``bad``."""
    samples = [ActionDataSample() for _ in range(good + bool(bad))]
    if bad:
        samples[0].set_metainfo({BAD_CLIPS: [(name, 'damaged') for name in bad]})
    return dict(data_samples=samples)


def test_share_is_that_of_the_clips_seen(tmp_path):
    hook, runner = BadClipsHook(max_share=0.1, min_clips=10), runner_for(tmp_path, 1000)
    hook.before_train_iter(runner, 0, batch('a', good=5))  # 1 of 7, which counts as 1 of 10
    hook.before_train_iter(runner, 1, batch('a', good=23))  # the same clip again
    hook.before_train_iter(runner, 2, batch('b', 'c', good=1))  # 3 of 32 in another place
    hook.before_train_iter(runner, 3, batch(good=7))
    with pytest.raises(UserError, match=r'5 of 4\d clips cannot be read, and max_share .* allows 10%'):
        hook.before_train_iter(runner, 4, batch('d', 'e'))
    assert (tmp_path / 'train_bad_clips.txt').read_text() == ''.join(
        f'{name}\tdamaged\n' for name in 'abcde'
    )


def test_clips_seen_are_no_more_than_there_are(tmp_path):
    hook, runner = BadClipsHook(max_share=0.1), runner_for(tmp_path, 20)
    for index in range(10):
        hook.before_train_iter(runner, index, batch('a', 'b', good=10))
    with pytest.raises(UserError, match='3 of 20 clips'):
        hook.before_train_iter(runner, 10, batch('c', good=10))


def test_validations_tell_of_bad_clips_when_they_change(tmp_path, monkeypatch):
    monkeypatch.setattr(MMLogger, '_instance_dict', OrderedDict())
    MMLogger.get_instance('validations', log_file=str(tmp_path / 'log'))
    hook, runner = BadClipsHook(), runner_for(tmp_path, 10)
    said, file = [], tmp_path / 'val_bad_clips.txt'
    for runner.iter, bad in enumerate(('', 'a', 'a', 'ab', 'c', '', '', 'c')):
        before = (tmp_path / 'log').read_text()
        hook.before_val_epoch(runner)
        hook.after_val_iter(runner, 0, batch(*bad, good=2))
        hook.after_val_epoch(runner)
        said.append((tmp_path / 'log').read_text()[len(before) :])
        named = file.read_text().splitlines() if file.exists() else []
        assert named == [f'{name}\tdamaged' for name in bad]
    assert [bool(line) for line in said] == [False, True, False, True, True, True, False, True]
    assert '2 of 10 clips cannot be read and were scored as wrong after iteration 3: a, b. Why: ' in said[3]
    assert said[5].endswith(' 0 of 10 clips cannot be read and were scored as wrong after iteration 5\n')
    assert 'WARNING' in said[3] and 'INFO' in said[5]


def share_of_a_process(rank, address, log_dir):
    torch.distributed.init_process_group('gloo', init_method=address, rank=rank, world_size=2)
    hook, runner = BadClipsHook(max_share=0.3), runner_for(log_dir, 10)
    hook.before_train_iter(runner, 0, batch('ab'[rank], good=2))
    hook.after_train_epoch(runner)
    hook.before_test_epoch(runner)
    hook.after_test_iter(runner, 0, batch(f'test{rank}', good=2))
    hook.after_test_iter(runner, 1, batch('of both', good=2))
    hook.after_test_epoch(runner)
    hook.before_train_iter(runner, 1, batch('cd'[rank], good=2))  # 3 of 10, by what each knows
    try:
        hook.after_train_epoch(runner)
    except UserError as error:
        Path(log_dir, f'error{rank}').write_text(str(error))
    torch.distributed.barrier()
    leave_process_group()


def test_two_processes_are_gathered(tmp_path):
    arguments = (f'file://{tmp_path}/rendezvous', tmp_path)
    multiprocessing.start_processes(share_of_a_process, arguments, nprocs=2, start_method='fork')
    bad = (tmp_path / 'train_bad_clips.txt').read_text()
    assert sorted(line.split('\t')[0] for line in bad.splitlines()) == ['a', 'b', 'c', 'd']
    bad = (tmp_path / 'test_bad_clips.txt').read_text()
    assert sorted(line.split('\t')[0] for line in bad.splitlines()) == ['of both', 'test0', 'test1']
    for rank in range(2):
        assert (tmp_path / f'error{rank}').read_text().startswith('4 of 10 clips cannot be read')
