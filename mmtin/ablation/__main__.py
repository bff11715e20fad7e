"""One run: ``python -m mmtin.ablation CONFIG PARENT`` trains and tests, going on from the last checkpoint.

PARENT is the number of the process that watches it.
"""

import os
import sys
import threading
import time
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from mmengine.config import Config

from mmtin.ablation.one_run import train_and_test
from mmtin.commands.arguments import one_sentence_errors
from mmtin.commands.memory import keep_freed_memory
from mmtin.errors import UserError


def end_with_the_parent(parent: int) -> None:
    """Let no run outlive the command that watches it, even if that is killed: another may go on with it."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


config, parent = sys.argv[1:]
threading.Thread(target=end_with_the_parent, args=(int(parent),), daemon=True).start()
if not torch.cuda.is_available():
    keep_freed_memory()
with one_sentence_errors():
    try:
        with FileLock(Path(config).with_name('lock'), timeout=0):
            train_and_test(Config.fromfile(config))
    except Timeout:
        raise UserError('another command trains this run; wait until it has finished') from None
