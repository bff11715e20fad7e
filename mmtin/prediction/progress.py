"""Progress of a command over videos, on standard error."""

import time

from rich.console import Console
from rich.progress import Progress, TextColumn


class VideoProgress:
    """A bar that tells how many videos, or windows of one, are done in a second.

    ``with VideoProgress('Predicting', total=len(videos)) as bar: bar.step()``

    Attributes:
        rate: those done per second since the beginning.
    """

    def __init__(self, text: str, total: int | None = None, unit: str = 'videos') -> None:
        self._bar = Progress(
            *Progress.get_default_columns(),
            TextColumn(f'{{task.completed}} {unit}, {{task.fields[rate]}} a second'),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(text, total=total, rate='-')
        self._done = 0
        self.rate = 0.0

    def __enter__(self) -> 'VideoProgress':
        self._bar.start()
        self._start = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        self.rate = self._done / (time.perf_counter() - self._start)
        self._bar.update(self._task, advance=1, rate=f'{self.rate:.1f}')

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
