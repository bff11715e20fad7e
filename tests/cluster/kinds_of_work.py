"""Work that ends the process of its worker."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path


class Square:
    """Squares numbers; one of them kills the worker, always or until it has left a mark."""

    def __init__(self, deadly: int, mark: Path | None = None) -> None:
        self.deadly = deadly
        self.mark = mark

    def start(self, device: str, num_cpus: int) -> None:
        self.started = (device, num_cpus)

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        assert self.started == ('cpu', 1)
        if self.deadly in numbers and not (self.mark and self.mark.exists()):
            if self.mark:
                self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return [number * number for number in numbers]
