"""One run: ``python -m mmtin.ablation CONFIG`` trains and tests, going on from the last checkpoint."""

import sys

from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.commands.arguments import one_sentence_errors

with one_sentence_errors():
    runner = Runner.from_cfg(Config.fromfile(sys.argv[1]))
    runner.train()
    runner.test()
