"""Report the clips that a dataset could not read, and stop a training with too many of them."""

import logging
from pathlib import Path

from mmaction.registry import HOOKS
from mmengine.dist import all_gather_object, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, print_log

from mmtin.datasets.bad_clips import REPORTED, bad_clips_of, clip_datasets
from mmtin.errors import UserError

_NAMED = 10  # clips in the line at the end of a test; the file has all


@HOOKS.register_module()
class BadClipsHook(Hook):
    """Count and name the clips that a dataset with ``tolerate_bad_clips`` could not read.

    A clip that is replaced in training is named once in the log and, with the reason, in
    ``<work_dir>/<timestamp>/train_bad_clips.txt``, one ``path<TAB>reason`` per line. With several
    processes, clips of the first process are named at once, those of the others at the end of an epoch. A
    test ends with the number of clips that it scored as wrong, a validation only if they are others than
    in the one before; ``val_bad_clips.txt`` and ``test_bad_clips.txt`` name them all.

    Args:
        max_share: largest share of bad clips among the different clips that training has seen.
        min_clips: until training has seen so many, the share is of this number, or of all clips in a
            smaller set.

    Raises:
        UserError: in training, if the share is larger.
    """

    # After the hook that logs metrics.
    priority = 'VERY_LOW'

    def __init__(self, max_share: float = 0.1, min_clips: int = 100) -> None:
        self.max_share = max_share
        self.min_clips = min_clips
        # A Runner makes its message hub before its hooks, and its hooks before its datasets.
        MessageHub.get_current_instance().update_info(REPORTED, True, resumed=False)
        self._num_samples = 0
        self._replaced: dict[str, str] = {}  # the reason by path
        self._scored_wrong: dict[str, str] = {}
        self._told: set[str] = set()  # what the last validation scored as wrong

    def before_run(self, runner) -> None:
        runner.message_hub.pop_info(REPORTED, None)  # so that later datasets of this process do not see it

    def before_train(self, runner) -> None:
        _report_for(runner.train_loop)

    def before_val(self, runner) -> None:
        _report_for(runner.val_loop)

    def before_test(self, runner) -> None:
        _report_for(runner.test_loop)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        bad = dict(bad_clips_of(data_batch))
        self._num_samples += len(data_batch.get('data_samples', ())) + len(bad)
        self._add(runner, bad)

    def after_train_epoch(self, runner) -> None:
        for bad in all_gather_object(self._replaced):
            self._add(runner, bad)

    def _before_epoch(self, runner, mode: str = 'train') -> None:
        if mode != 'train':
            self._scored_wrong = {}

    def _after_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None, mode: str = 'train'
    ) -> None:
        if mode != 'train':
            self._scored_wrong.update(bad_clips_of(data_batch))

    def after_val_epoch(self, runner, metrics=None) -> None:
        self._report(runner, 'val', len(runner.val_loop.dataloader.dataset))

    def after_test_epoch(self, runner, metrics=None) -> None:
        self._report(runner, 'test', len(runner.test_loop.dataloader.dataset))

    def _add(self, runner, bad: dict[str, str]) -> None:
        new = {path: reason for path, reason in bad.items() if path not in self._replaced}
        if not new:
            return
        self._replaced.update(new)
        file = Path(runner.log_dir, 'train_bad_clips.txt')
        if is_main_process():
            _write(new, file, 'a')
            for path, reason in new.items():
                print_log(
                    f'Replaced a clip that cannot be read: {path} ({reason})', 'current', logging.WARNING
                )
        size = len(runner.train_loop.dataloader.dataset)
        seen = min(max(self._num_samples * get_world_size(), self.min_clips), size)
        if len(self._replaced) > self.max_share * seen:
            raise UserError(
                f'{len(self._replaced)} of {seen} clips cannot be read, and max_share of BadClipsHook '
                f'allows {self.max_share:.0%}: {file} has their names; repair them or take them out of the '
                'list, or mend the pipeline if every clip fails'
            )

    def _report(self, runner, mode: str, size: int) -> None:
        bad = {}
        for part in all_gather_object(self._scored_wrong):
            bad.update(part)
        if not is_main_process() or (mode == 'val' and bad.keys() == self._told):
            return
        line = f'{len(bad)} of {size} clips cannot be read and were scored as wrong'
        if mode == 'val':
            self._told = set(bad)
            line += f' after iteration {runner.iter}'  # mmengine drops a warning that it has logged before
        file = Path(runner.log_dir, f'{mode}_bad_clips.txt')
        if bad or file.exists():
            _write(bad, file, 'w')
        if bad:
            names = ', '.join(list(bad)[:_NAMED]) + ', ...' * (len(bad) > _NAMED)
            line += f': {names}. Why: {file}'
        print_log(line, 'current', logging.WARNING if bad else logging.INFO)


def _report_for(loop) -> None:
    for dataset in clip_datasets(loop.dataloader.dataset):
        dataset.reported = True


def _write(bad: dict[str, str], file: Path, mode: str) -> None:
    with file.open(mode, encoding='utf-8') as stream:
        stream.writelines(f'{path}\t{reason}\n' for path, reason in bad.items())
