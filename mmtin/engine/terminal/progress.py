"""The progress of a training or a test, and the results of its validations."""

from collections.abc import Mapping
from datetime import timedelta
from numbers import Real

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmtin.commands.terminal import short_path
from mmtin.engine.terminal.bar import Bar
from mmtin.engine.terminal.log import on_a_terminal
from mmtin.engine.terminal.summary import summary

_WINDOW = 20  # iterations, of the mean loss


class ProgressHook(Hook):
    """Prints a summary, then draws a bar for each epoch and prints a line for each validation.

    Bars are drawn on a terminal alone; in a file or a pipe, mmengine's lines per iteration replace them.
    Only the first process prints.

    Args:
        verbose: print the summary alone.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        self._speaks = is_main_process()
        self._draws = self._speaks and not verbose and on_a_terminal()
        self._bar: Bar | None = None

    def stop(self) -> None:
        """End the bar as it is."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def before_train(self, runner: Runner) -> None:
        if self._speaks:
            print(summary(runner, 'train'), flush=True)
            if runner.iter >= runner.max_iters:
                last = short_path(runner._load_from)
                print(f'The training is finished already; its last checkpoint is {last}', flush=True)

    def before_train_epoch(self, runner: Runner) -> None:
        self._start_training(runner)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if self._bar is None:  # after a validation within an epoch
            self._start_training(runner)
        self._show(batch_idx, f'{_loss(runner)}{_time_left(runner)}')

    def after_train_epoch(self, runner: Runner) -> None:
        if self._bar is not None:
            self._bar.show(says=_loss(runner))
        self.stop()

    def before_val_epoch(self, runner: Runner) -> None:
        self._start(runner, 'Validation', len(runner.val_dataloader))

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self._show(batch_idx)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, object] | None = None) -> None:
        self._report('Validation', metrics)

    def before_test(self, runner: Runner) -> None:
        if self._speaks:
            print(summary(runner, 'test'), flush=True)

    def before_test_epoch(self, runner: Runner) -> None:
        self._start(runner, 'Test', len(runner.test_dataloader))

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self._show(batch_idx)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, object] | None = None) -> None:
        self._report('Test', metrics)

    def _start_training(self, runner: Runner) -> None:
        if isinstance(runner.train_loop, EpochBasedTrainLoop):
            label, total = f'Epoch {runner.epoch + 1}/{runner.max_epochs}', len(runner.train_dataloader)
        else:
            label, total = 'Training', runner.max_iters
        self._start(runner, label, total, stays=True)

    def _start(self, runner: Runner, label: str, total: int, *, stays: bool = False) -> None:
        self.stop()
        if self._draws:
            self._bar = Bar(label, total, runner.logger, stays=stays)

    def _show(self, batch_idx: int, says: str = '') -> None:
        if self._bar is not None:
            self._bar.show(says, batch_idx + 1)

    def _report(self, label: str, metrics: Mapping[str, object] | None) -> None:
        self.stop()
        if self._draws:
            numbers = {name: value for name, value in (metrics or {}).items() if isinstance(value, Real)}
            found = '  '.join(f'{name} {value:.4g}' for name, value in numbers.items())
            print(f'{label}: {found or "no metrics"}', flush=True)


def _loss(runner: Runner) -> str:
    loss = runner.message_hub.log_scalars.get('train/loss')
    return '' if loss is None else f'loss {loss.mean(_WINDOW):.4f}'


def _time_left(runner: Runner) -> str:
    seconds = runner.message_hub.runtime_info.get('eta')
    return '' if seconds is None else f', the training ends in {timedelta(seconds=int(seconds))}'
