"""One run: ``python -m mmtin.ablation CONFIG`` trains and tests, going on from the last checkpoint."""

import os
import sys
import threading
import time

from mmengine.config import Config

from mmtin.ablation.one_run import train_and_test
from mmtin.commands.arguments import one_sentence_errors


def end_with_the_parent(parent: int) -> None:
    """Let no run outlive the command that watches it, even if that is killed: another may go on with it."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


threading.Thread(target=end_with_the_parent, args=(os.getppid(),), daemon=True).start()
with one_sentence_errors():
    train_and_test(Config.fromfile(sys.argv[1]))
