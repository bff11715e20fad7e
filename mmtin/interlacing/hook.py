"""Record the predictions of TIN layers: as scalars in training, as statistics over clips in tests."""

from pathlib import Path

from mmaction.registry import HOOKS
from mmengine.dist import gather_object, get_dist_info, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log

from mmtin.datasets.bad_clips import WrongPrediction
from mmtin.interlacing.record import RECORD_FILE, Moments, write_record
from mmtin.interlacing.recorder import InterlacingRecorder, InterlacingStatistics, offset_of_clips


@HOOKS.register_module()
class InterlacingHook(Hook):
    """Record offsets and weights of every TIN layer; do nothing for a network without TIN layers.

    Validation and test write statistics over their clips to ``<work_dir>/<timestamp>/interlacing.json``; a
    later validation of the same run replaces an earlier one. The statistics of several processes are
    gathered; clips that the sampler repeats, to give each process as many, count once. Clips that cannot be
    read, for which the network gets black frames, do not count. Where each frame has offsets of its own,
    those of a clip are their mean.

    In training, every ``interval`` iterations the mean and standard deviation of the offsets over a batch,
    in frames, go to the Runner's visualizer as ``interlacing/<layer>/group<i>/offset_{mean,std}``.

    Args:
        interval: iterations between two entries while training; 0 for none.
    """

    def __init__(self, interval: int = 100) -> None:
        self.interval = interval
        self._recorder: InterlacingRecorder | None = None
        self._statistics = InterlacingStatistics()
        self._clips_left = 0

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        if is_main_process() and self.every_n_train_iters(runner, self.interval):
            self._listen(runner)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if self._recorder is None:
            return
        scalars = {}
        for name, (offset, _) in self._stop().take().items():
            spread = Moments.of(offset_of_clips(offset)).spread()
            for group, (mean, std) in enumerate(zip(spread.mean.tolist(), spread.std.tolist()), 1):
                scalars[f'interlacing/{name}/group{group}/offset_mean'] = mean
                scalars[f'interlacing/{name}/group{group}/offset_std'] = std
        if scalars:
            runner.visualizer.add_scalars(scalars, step=runner.iter + 1)

    def _before_epoch(self, runner, mode: str = 'train') -> None:
        if mode != 'train':
            self._statistics = InterlacingStatistics()
            dataset = getattr(runner, f'{mode}_dataloader').dataset
            rank, world_size = get_dist_info()
            # Each process takes every world_size-th clip, then repeated ones.
            self._clips_left = len(range(rank, len(dataset), world_size))
            self._listen(runner)

    def _after_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None, mode: str = 'train'
    ) -> None:
        if self._recorder is None:
            return
        taken = self._recorder.take()
        clips = len(data_batch['inputs'])
        counted = min(clips, self._clips_left)
        self._clips_left -= counted
        samples = data_batch.get('data_samples', ())
        black = {index for index, sample in enumerate(samples) if isinstance(sample, WrongPrediction)}
        chosen = [index for index in range(counted) if index not in black]
        if not chosen:
            return
        kept = {}
        for name, predicted in taken.items():
            # A clip has one row per view.
            kept[name] = tuple(rows.unflatten(0, (clips, -1))[chosen].flatten(0, 1) for rows in predicted)
        self._statistics.add(kept)

    def after_val_epoch(self, runner, metrics=None) -> None:
        self._write(runner)

    def after_test_epoch(self, runner, metrics=None) -> None:
        self._write(runner)

    def _listen(self, runner) -> None:
        self._stop()
        recorder = InterlacingRecorder(runner.model)
        if recorder.layers:
            self._recorder = recorder.__enter__()

    def _stop(self) -> InterlacingRecorder | None:
        """Stop recording, also if an error ended an earlier epoch."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.__exit__()
        return recorder

    def _write(self, runner) -> None:
        recorder = self._stop()
        if recorder is None:
            return
        parts = gather_object(self._statistics.moments)
        if not is_main_process():
            return
        statistics = InterlacingStatistics()
        for part in parts:
            statistics.merge(part)
        if statistics.moments:
            path = Path(runner.log_dir, RECORD_FILE)
            write_record(statistics.record(recorder.layers), path)
            print_log(f'Offsets and weights of {len(recorder.layers)} TIN layers: {path}', 'current')
