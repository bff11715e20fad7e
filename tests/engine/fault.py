"""A hook by which one process of several fails while it trains."""

import os
import signal
from pathlib import Path

from mmaction.registry import HOOKS
from mmengine.hooks import Hook

from mmtin.errors import UserError


@HOOKS.register_module()
class Fault(Hook):
    """Let the process of rank 1 fail before its second iteration, in the way ``how``.

    The file ``trace`` has the time of it.
    """

    def __init__(self, how: str, trace: str) -> None:
        self.how = how
        self.trace = trace

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        if runner.rank != 1 or runner.iter != 1:
            return
        Path(self.trace).touch()
        if self.how == 'killed':
            os.kill(os.getpid(), signal.SIGKILL)
        raise UserError('the second process cannot go on; this is what to do about it')
