"""What a training or a test says on the terminal: summary, bar, results. The log file has everything."""

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.runner import Runner

from mmtin.engine.terminal.log import briefly
from mmtin.engine.terminal.progress import ProgressHook

__all__ = ['briefly', 'progress_shown']


@contextmanager
def progress_shown(runner: Runner, *, verbose: bool = False) -> Iterator[None]:
    """Print the summary of what a Runner does within, and draw its progress where that can be seen.

    Args:
        runner: one that has not begun.
        verbose: leave progress to mmengine's lines.
    """
    hook = ProgressHook(verbose=verbose)
    runner.register_hook(hook, priority='LOWEST')
    try:
        yield
    finally:
        hook.stop()
