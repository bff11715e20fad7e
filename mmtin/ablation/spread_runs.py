"""What the workers of a cluster do for an ablation."""

from collections.abc import Sequence
from typing import Any

from mmengine.config import Config

from mmtin.ablation.run_process import train_and_test
from mmtin.ablation.runs import AblationRun


class Training:
    """:func:`mmtin.ablation.run_process.train_and_test` of runs with their configs.

    A run takes the worker's share of cores. Folders of runs and data have the same path on each machine.
    """

    def __init__(self, keep_checkpoints: bool) -> None:
        self.keep_checkpoints = keep_checkpoints
        self.threads = 1

    def start(self, device: str, num_cpus: int) -> None:
        self.threads = num_cpus

    def __call__(self, items: Sequence[tuple[AblationRun, Config]]) -> list[dict[str, Any]]:
        return [
            train_and_test(run, cfg, keep_checkpoints=self.keep_checkpoints, threads=self.threads)
            for run, cfg in items
        ]
