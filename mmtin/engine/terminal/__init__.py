"""Terminal output of a training or a test: summary, progress bar, results. The log file has everything."""

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.runner import Runner

from mmtin.engine.terminal.log import briefly
from mmtin.engine.terminal.progress import ProgressHook

__all__ = ['briefly', 'progress_shown']


@contextmanager
def progress_shown(runner: Runner, *, verbose: bool = False) -> Iterator[None]:
    """Print a summary of what a Runner does within the block, and on a terminal draw its progress.

    Args:
        runner: one that has not started yet.
        verbose: leave the progress to mmengine's log.
    """
    hook = ProgressHook(verbose=verbose)
    runner.register_hook(hook, priority='LOWEST')
    try:
        yield
    finally:
        hook.stop()
