"""Patience that goes on in a resumed run."""

import pytest

from mmtin.engine import PatienceHook
from tests.engine.test_whole_checkpoint import BATCHES, Do, Stopped, make_runner, stop


def epochs_of(work_dir, resumed=False, hooks=(), patience=2):
    """Where a training ends whose accuracy does not improve."""
    patient = PatienceHook(monitor='acc', min_delta=1e-3, patience=patience)
    runner = make_runner(work_dir, resumed, [0.5] * 9, [patient, *hooks], epochs=9, max_keep_ckpts=-1)
    runner.train()
    return runner.epoch


def test_resumed_run_ends_where_one_does_that_was_never_stopped(tmp_path):
    with pytest.raises(Stopped):
        epochs_of(tmp_path, hooks=[Do(stop, 2 * BATCHES + 1)])
    assert epochs_of(tmp_path, resumed=True) == epochs_of(tmp_path / 'whole') == 3
    assert epochs_of(tmp_path, resumed=True) == 3, 'it had ended'
    assert epochs_of(tmp_path, resumed=True, patience=3) == 4
