"""A test that leaves no weight random and overwrites no file."""

import pickle
from pathlib import Path

from mmengine.config import Config
from mmengine.evaluator import DumpResults
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmtin.checkpoint import read_checkpoint
from mmtin.checkpoint.filling import fill
from mmtin.errors import UserError
from mmtin.files.whole import require_free, write_whole


class WholeDumpResults(DumpResults):
    """mmengine's, but that the file is whole or not there; mmengine leaves half of one on a full disk."""

    def compute_metrics(self, results: list) -> dict:
        """Write the results of all clips; there is no metric.

        Raises:
            UserError: if the file cannot be written.
        """
        write_whole(pickle.dumps(results, protocol=2), self.out_file_path)
        print_log(f'The scores of the clips are in {self.out_file_path}.', 'current')
        return {}


class Tester(Runner):
    """mmengine's Runner for tests of a checkpoint.

    All weights come from the checkpoint, or the test is refused; mmengine would initialise those that do
    not fit and report an accuracy. A training's config in the work directory stays as it is; that of the
    test is in ``<timestamp>/vis_data/config.py``.

    Attributes:
        checkpoint: a file or an address.
    """

    checkpoint: str

    @classmethod
    def of(cls, cfg: Config, checkpoint: str, dump: str | None = None) -> 'Tester':
        """The Runner for a config, a checkpoint and a file for the scores of the clips."""
        tester = cls.from_cfg(cfg)
        tester.checkpoint = checkpoint
        if dump:
            # Not in the config: a later test with the saved config would write the file again.
            tester.test_loop.evaluator.metrics.append(WholeDumpResults(out_file_path=dump))
        return tester

    def load_or_resume(self) -> None:
        self.load_checkpoint(self.checkpoint)

    def load_checkpoint(self, filename: str, *_: object, **__: object) -> dict:
        content = read_checkpoint(filename)
        self.call_hook('after_load_checkpoint', checkpoint=content)
        fill(self.model.module if is_model_wrapper(self.model) else self.model, content, filename)
        self._has_loaded = True
        self.logger.info(f'Load checkpoint from {filename}')
        return content

    def dump_config(self) -> None:
        if not any(Path(self.work_dir).glob('*.py')):
            super().dump_config()


def require_free_dumps(cfg: Config, dump: str | None, *, force: bool) -> None:
    """Refuse a test that would overwrite the scores of another.

    Args:
        cfg: config; its test_evaluator may write scores, too.
        dump: the file of the command, None for none.
        force: allow it.

    Raises:
        UserError: if a file is there, or ``dump`` is no name for one.
    """
    evaluators = cfg.get('test_evaluator') or []
    paths = [
        metric['out_file_path']
        for metric in (evaluators if isinstance(evaluators, list | tuple) else [evaluators])
        if metric.get('out_file_path')
    ]
    if dump and not dump.endswith(('.pkl', '.pickle')):
        raise UserError(f'--dump needs a name that ends in .pkl, got {dump}')
    for path in filter(None, [*paths, dump]):
        require_free(Path(path), force=force)
