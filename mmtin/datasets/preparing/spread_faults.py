"""Search items for faults on the workers of a cluster."""

from collections.abc import Callable, Sequence
from typing import Generic

import cv2

from mmtin.datasets.preparing.isolation import Item, find_faults


class FaultSearch(Generic[Item]):
    """:func:`mmtin.datasets.preparing.isolation.find_faults` of a worker's items, one at a time.

    Args:
        fault_of: a function that can be imported.
        time_limit: for one item, in seconds.
    """

    def __init__(self, fault_of: Callable[[Item], str | None], time_limit: float) -> None:
        self.fault_of = fault_of
        self.time_limit = time_limit

    def start(self, device: str, num_cpus: int) -> None:
        cv2.setNumThreads(1)  # a copy of this process has no other threads

    def __call__(self, items: Sequence[Item]) -> list[str | None]:
        found = dict(find_faults(self.fault_of, items, 1, self.time_limit))
        return [found[index] for index in range(len(items))]
