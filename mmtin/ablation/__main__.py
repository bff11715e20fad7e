"""One run: ``python -m mmtin.ablation CONFIG`` trains and tests, going on from the last checkpoint."""

import sys

from mmengine.config import Config

from mmtin.ablation.one_run import train_and_test
from mmtin.commands.arguments import one_sentence_errors

with one_sentence_errors():
    train_and_test(Config.fromfile(sys.argv[1]))
