"""The checkpoint from which a training goes on, and what a full disk and Ctrl-C say of it."""

import errno
import os
import random
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmtin.checkpoint import read_checkpoint
from mmtin.engine.resumption import is_whole, resume, saying_how_to_resume, whole_checkpoint
from mmtin.errors import UserError

SEED = 7


@pytest.fixture
def work_dir(tmp_path):
    """A work directory with three checkpoints."""
    folder = tmp_path / 'work'
    folder.mkdir()
    for epoch in (1, 2, 3):
        path = folder / f'epoch_{epoch}.pth'
        meta = dict(seed=SEED, epoch=epoch, iter=10 * epoch)
        torch.save(dict(meta=meta, state_dict=dict(weight=torch.arange(100))), path)
        os.utime(path, (epoch, epoch))
    shutil.copy(path, folder / 'best_acc_epoch_3.pth')
    (folder / 'last_checkpoint').write_text(str(path))
    return folder


def cut(path):
    path.write_bytes(path.read_bytes()[:-50])


def flip(path):
    data = bytearray(path.read_bytes())
    data[data.index(bytes(torch.arange(100).numpy().data)) + 80] ^= 1
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b'')


@pytest.mark.parametrize('damage', [cut, flip, empty, Path.unlink])
def test_last_whole_checkpoint_is_taken(work_dir, damage):
    assert is_whole(work_dir / 'epoch_3.pth')
    damage(work_dir / 'epoch_3.pth')
    damage(work_dir / 'best_acc_epoch_3.pth')
    assert whole_checkpoint(work_dir) == work_dir / 'epoch_2.pth'


@pytest.mark.parametrize('seed', range(10))
def test_no_damage_escapes_or_breaks_the_search(work_dir, seed):
    """Also in the table of contents, whose readers fail in many ways."""
    path = work_dir / 'epoch_3.pth'
    whole, rng = path.read_bytes(), random.Random(seed)
    for _ in range(50):
        data = bytearray(whole)
        data[-rng.randint(1, 1000)] = rng.randrange(256)
        path.write_bytes(data)
        if is_whole(path):
            assert (read_checkpoint(path)['state_dict']['weight'] == torch.arange(100)).all()


def test_what_is_published_of_a_checkpoint_is_none(work_dir):
    for name in ('epoch_3.pth', 'last_checkpoint'):
        empty(work_dir / name)
    torch.save(dict(state_dict={}), work_dir / 'epoch_3-0b1c2d3e.pth')
    assert whole_checkpoint(work_dir) == work_dir / 'epoch_2.pth'


@pytest.mark.parametrize('damage', [empty, Path.unlink])
def test_without_a_note_the_newest_is_taken(work_dir, damage):
    damage(work_dir / 'last_checkpoint')
    assert whole_checkpoint(work_dir) == work_dir / 'epoch_3.pth'


def test_moved_work_directory(work_dir, tmp_path):
    shutil.move(work_dir, tmp_path / 'moved')
    assert whole_checkpoint(tmp_path / 'moved') == tmp_path / 'moved/epoch_3.pth'


def test_damaged_ones_alone_are_one_sentence(work_dir):
    for path in work_dir.glob('epoch_*.pth'):
        cut(path)
    with pytest.raises(UserError, match=r'every checkpoint in .* is damaged or cut off, epoch_3\.pth too'):
        whole_checkpoint(work_dir)


def test_run_without_a_checkpoint_starts_from_its_weights_again(tmp_path):
    cfg = Config(dict(work_dir=str(tmp_path / 'work'), resume=True, load_from=None))
    assert resume(cfg, 'https://example.com/weights.pth') is None
    assert (cfg.resume, cfg.load_from) == (False, 'https://example.com/weights.pth')


def test_checkpoint_that_was_named_is_taken(work_dir):
    named = work_dir / 'epoch_1.pth'
    cfg = Config(dict(work_dir=str(work_dir), resume=True, load_from=str(named)))
    assert resume(cfg.copy(), 'weights.pth') == str(named)
    cut(named)
    with pytest.raises(UserError, match=r'epoch_1\.pth is damaged or cut off; --resume without a path'):
        resume(cfg, 'weights.pth')
    named.unlink()
    with pytest.raises(UserError, match='no checkpoint at'):
        resume(cfg, 'weights.pth')


@pytest.mark.parametrize('named', [None, 'epoch_1.pth'])
def test_config_that_a_resumed_run_saves_resumes_nothing(work_dir, named):
    load_from = named and str(work_dir / named)
    cfg = Config(dict(work_dir=str(work_dir), resume=True, load_from=load_from))
    assert resume(cfg, 'weights.pth') == str(work_dir / (named or 'epoch_3.pth'))
    assert (cfg.resume, cfg.load_from) == (False, 'weights.pth')


def test_training_that_is_not_resumed_is_left_alone(work_dir):
    cfg = Config(dict(work_dir=str(work_dir), resume=False, load_from='weights.pth'))
    assert resume(cfg, 'weights.pth') is None
    assert (cfg.resume, cfg.load_from) == (False, 'weights.pth')


def test_full_disk_before_the_first_checkpoint(tmp_path):
    with (
        pytest.raises(
            UserError, match=r'cannot write to .* \(No space left on device\); there is no checkpoint'
        ),
        saying_how_to_resume(tmp_path),
    ):
        raise OSError(errno.ENOSPC, 'No space left on device')


def test_ctrl_c_names_the_checkpoint_to_go_on_from(work_dir):
    with pytest.raises(KeyboardInterrupt, match=r'--resume goes on after epoch 3, iteration 30: .*3\.pth'):
        stop(work_dir)
    cut(work_dir / 'epoch_3.pth')
    with pytest.raises(KeyboardInterrupt, match=r'--resume goes on after epoch 2, iteration 20: .*2\.pth'):
        stop(work_dir)


def test_ctrl_c_before_the_first_checkpoint(tmp_path):
    with pytest.raises(KeyboardInterrupt, match='no checkpoint yet: the same command starts anew'):
        stop(tmp_path)


def stop(work_dir):
    with saying_how_to_resume(work_dir):
        raise KeyboardInterrupt


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), saying_how_to_resume(tmp_path):
        (tmp_path / 'nowhere').read_text()


@pytest.mark.parametrize('given, kept', [(None, SEED), (5, 0)])
@pytest.mark.parametrize('named', [False, True])
def test_the_seed_is_that_of_the_run_unless_the_command_names_one(work_dir, named, given, kept):
    load_from = str(work_dir / 'epoch_1.pth') if named else None
    cfg = Config(dict(resume=True, load_from=load_from, work_dir=str(work_dir), randomness=dict(seed=0)))
    resume(cfg, None, given)
    assert cfg.randomness.seed == kept
