"""Stop a training that no longer improves."""

from mmaction.registry import HOOKS
from mmengine.hooks import EarlyStoppingHook


@HOOKS.register_module()
class PatienceHook(EarlyStoppingHook):
    """mmengine's EarlyStoppingHook, with the same arguments, whose patience goes on with ``--resume``.

    mmengine 0.10.7 starts to count anew. Here checkpoints have the best score and the number of validations
    since then, so that a run that was resumed ends where one does that was never stopped. A run that ended
    for lack of improvement trains no further epoch, unless ``patience`` is longer now.
    """

    priority = 'LOW'  # before the best checkpoint is written
    wait_count: int
    best_score: float

    def before_train(self, runner) -> None:
        hub = runner.message_hub.runtime_info
        self.wait_count, self.best_score = hub.get('patience', (self.wait_count, self.best_score))
        if self.wait_count >= self.patience:
            runner.train_loop.stop_training = True

    def after_val_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        super().after_val_epoch(runner, metrics)
        runner.message_hub.update_info('patience', [self.wait_count, float(self.best_score)])
