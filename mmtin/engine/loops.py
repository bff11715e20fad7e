"""A training loop that can be resumed at any iteration."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from mmaction.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import BatchSampler, Sampler

from mmtin.errors import UserError


@LOOPS.register_module()
class ResumableTrainLoop(EpochBasedTrainLoop):
    """mmengine's EpochBasedTrainLoop, with the same arguments, that resumes exactly where it was stopped.

    From a checkpoint within an epoch, as ``checkpoint=dict(by_epoch=False, interval=1000)`` writes them,
    mmengine 0.10.7 starts the epoch anew but goes on counting iterations, so that the run and its schedule
    get longer. Here the batches that the epoch has seen are skipped without loading them; that needs
    samples that depend on seed, epoch and index alone.

    If the run was stopped before a checkpoint had the result of its last epoch's validation, that
    validation comes first, so that the best checkpoint cannot be missed.
    """

    _max_iters: int

    def run(self):
        """Train from the iteration of the checkpoint, or from the start."""
        hub = self.runner.message_hub
        resumed = hub.runtime_info if self._iter else {}
        self._num_seen = self._batches_seen(*resumed.get('epoch_progress', (0, 0)))
        self._count_iterations_left()
        self.runner.call_hook('before_train')
        if self._epoch and not self._num_seen and resumed.get('last_validation') != self._epoch:
            self._decide_current_val_interval()
            self._validate_if_due()
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._decide_current_val_interval()
            self._validate_if_due()
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Train on the batches of an epoch that were not used yet."""
        hub = self.runner.message_hub
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        with self._leaving_out(self._num_seen) as batches:
            for idx, data_batch in enumerate(batches, self._num_seen):
                # A checkpoint that is written at the end of the iteration holds it.
                hub.update_info('epoch_progress', [idx + 1, len(self.dataloader)])
                self.run_iter(idx, data_batch)
        self._num_seen = 0
        hub.update_info('epoch_progress', [0, len(self.dataloader)])
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def _batches_seen(self, num_seen: int, num_batches: int) -> int:
        if num_seen and num_batches != len(self.dataloader):
            raise UserError(
                f'the checkpoint stands after batch {num_seen} of {num_batches} of an epoch, which has '
                f'{len(self.dataloader)} batches now; resume with the data, batch size and number of '
                'processes of before, or from a checkpoint at the end of an epoch'
            )
        return num_seen

    def _count_iterations_left(self) -> None:
        """End after as many iterations as are left, also if an epoch has others than before."""
        left = (self._max_epochs - self._epoch) * len(self.dataloader) - self._num_seen
        if self._iter + left != self._max_iters:
            self._max_iters = self._iter + left
            # By it the last gradients that accumulate are known.
            self.runner.optim_wrapper.initialize_count_status(
                self.runner.model, self._iter, self._max_iters
            )

    def _validate_if_due(self) -> None:
        if (
            self.runner.val_loop is not None
            and self._epoch >= self.val_begin
            and (self._epoch % self.val_interval == 0 or self._epoch == self._max_epochs)
        ):
            # For the checkpoint that follows a better result.
            self.runner.message_hub.update_info('last_validation', self._epoch)
            self.runner.val_loop.run()

    @contextmanager
    def _leaving_out(self, count: int) -> Iterator:
        """The batches of an epoch from number ``count`` on."""
        batch_sampler = self.dataloader.batch_sampler
        if not count:
            yield self.dataloader
        elif type(batch_sampler) is not BatchSampler:  # it chooses the samples of a batch itself
            yield islice(self.dataloader, count, None)
        else:
            sampler = batch_sampler.sampler
            batch_sampler.sampler = _LeavingOut(sampler, count * batch_sampler.batch_size)
            try:
                yield self.dataloader
            finally:
                batch_sampler.sampler = sampler


class _LeavingOut(Sampler[int]):
    """A sampler without its first ``count`` samples, whose ``len`` still counts them."""

    def __init__(self, sampler: Iterable[int], count: int) -> None:
        self.sampler = sampler
        self.count = count

    def __iter__(self) -> Iterator[int]:
        return islice(self.sampler, self.count, None)

    def __len__(self) -> int:
        return len(self.sampler)  # type: ignore[arg-type]  # as in torch's BatchSampler
