"""What one run does in its process: train, test, and test again with the frames in reverse."""

import copy
from pathlib import Path

from mmaction.registry import METRICS
from mmengine.config import Config
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.runner import Runner, TestLoop

from mmtin.ablation.records import as_bits
from mmtin.files.strict_json import to_json
from mmtin.files.whole import write_whole

# Of the file that a run leaves in its folder.
TESTED = 'tested.json'


class RightClips(BaseMetric):
    """Which clips are recognised, in the order of the list; for a test in one process."""

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        for sample in data_samples:
            self.results.append(sample['pred_label'].item() in sample['gt_label'].tolist())

    def compute_metrics(self, results: list[bool]) -> dict:
        self.right, self.clips = as_bits(results), len(results)
        return {}


def train_and_test(cfg: Config) -> None:
    """Train ``cfg``, going on from the last checkpoint, and write TESTED into its work directory.

    ``cfg.reversed_pipeline`` is the test pipeline with the frames in reverse.
    """
    runner = Runner.from_cfg(cfg)
    runner.train()
    tested = {}
    backwards = copy.deepcopy(cfg.test_dataloader)
    backwards.dataset.pipeline = cfg.reversed_pipeline
    for name, loader in (('forwards', cfg.test_dataloader), ('reversed', backwards)):
        which = RightClips()
        evaluator = Evaluator([METRICS.build(cfg.test_evaluator), which])
        metrics = TestLoop(runner, loader, evaluator).run()
        tested[name] = dict(metrics=metrics, right=which.right, clips=which.clips)
    write_whole(to_json(tested), Path(runner.work_dir, TESTED))
