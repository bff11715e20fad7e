"""Checkpoints that survive a kill or a full disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmaction.registry import HOOKS
from mmengine.dist import all_reduce, is_main_process
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mmtin.files.whole import WholeFileBackend, remove_parts


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook, with the same arguments, that has a whole checkpoint at any moment.

    mmengine 0.10.7 removes the checkpoint beyond ``max_keep_ckpts``, and the best one so far, before it
    writes the new one: a full disk or a kill in between loses both. Here the new one is written,
    ``last_checkpoint`` names it, and only then older ones are removed, so the disk needs room for one more.
    Files are written under a temporary name, see :func:`mmtin.compat.mmengine.write_files_by`.

    Gradients accumulated by ``accumulative_counts`` that no step has used yet are saved in the checkpoint
    and restored, except with FSDP; mmengine loses them. Several processes average theirs first, as the step
    would.

    A validation without training saves nothing; with ``save_best``, mmengine's hook fails in it.
    """

    file_backend: Any = None  # until a training begins
    best_ckpt_path: str | None
    keep_ckpt_ids: list[int]
    # While this hook writes a checkpoint; other hooks write some, too.
    _position: dict[str, int] | None = None
    _gradients: dict[str, Tensor] | None = None

    def before_train(self, runner) -> None:
        super().before_train(runner)
        self._disown_other_runs()
        if is_main_process() and isinstance(self.file_backend, LocalBackend):
            remove_parts(self.out_dir)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        if self._position is None:
            return
        # FlexibleRunner overwrites them, and counts an epoch too many after a validation.
        checkpoint['meta'].update(self._position)
        if 'optimizer' in checkpoint and self._gradients:
            checkpoint['gradients'] = {name: value.cpu() for name, value in self._gradients.items()}

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        if not runner._resume or 'gradients' not in checkpoint:
            return
        for name, weight in _parameters(runner.model):
            if name in checkpoint['gradients']:
                weight.grad = checkpoint['gradients'][name].to(weight)
        print_log('The gradients that had accumulated are back: none of them is lost.', 'current')

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        kept, limit = [step], max(self.max_keep_ckpts, 0)
        if limit:
            # It names those about to be removed, so that a run that is killed before that removes them
            # later.
            kept = [*(other for other in self.keep_ckpt_ids if other != step), step]
            runner.message_hub.update_info('keep_ckpt_ids', kept)
            self.keep_ckpt_ids = kept[-limit:]
        filename = self.filename_tmpl.format(step)
        self.last_ckpt = self._path(filename)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._position = dict(meta)
        self._gradients = {
            name: weight.grad for name, weight in _parameters(runner.model) if weight.grad is not None
        }
        for gradient in self._gradients.values():
            all_reduce(gradient, op='mean')
        runner.save_checkpoint(
            self.out_dir,
            filename,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        self._position = self._gradients = None
        if not is_main_process():
            return
        WholeFileBackend().put_text(self.last_ckpt, Path(runner.work_dir, 'last_checkpoint'))
        for outdated in kept[:-limit] if limit else ():
            path = self._path(self.filename_tmpl.format(outdated))
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)

    def _save_best_checkpoint(self, runner, metrics: dict[str, float]) -> None:
        if not self.save_best or self.file_backend is None:
            return
        self._position = dict(epoch=runner.epoch, iter=runner.iter)
        with self._removing_afterwards():
            super()._save_best_checkpoint(runner, metrics)
        self._position = None

    @contextmanager
    def _removing_afterwards(self) -> Iterator[None]:
        """Files that the file backend is told to remove stay until the block has succeeded."""
        backend, outdated = self.file_backend, []
        self.file_backend = _Keeping(backend, outdated)
        try:
            yield
        finally:
            self.file_backend = backend
        best = {getattr(self, 'best_ckpt_path', None), *getattr(self, 'best_ckpt_path_dict', {}).values()}
        for path in set(outdated) - best:  # an epoch that is validated again has the same name
            backend.remove(path)

    def _disown_other_runs(self) -> None:
        """Forget the best checkpoint of another folder, where the training began, so that it is not
        removed."""
        if hasattr(self, 'best_ckpt_path'):
            self.best_ckpt_path = self._here(self.best_ckpt_path)
        for key, path in getattr(self, 'best_ckpt_path_dict', {}).items():
            self.best_ckpt_path_dict[key] = self._here(path)

    def _here(self, path: str | None) -> str | None:
        """The checkpoint of that name in this run's folder, also if the folder was moved."""
        if path is None:
            return None
        path = self._path(Path(path).name)
        return path if self.file_backend.exists(path) else None

    def _path(self, filename: str) -> str:
        return self.file_backend.join_path(self.out_dir, filename)


def _parameters(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The parameters of a network; none if they are sharded over processes (FSDP)."""
    if isinstance(model, DistributedDataParallel):
        model = model.module
    return iter(()) if is_model_wrapper(model) else model.named_parameters()


class _Keeping:
    """A file backend that only notes the files to remove."""

    def __init__(self, backend, outdated: list[str]) -> None:
        self._backend = backend
        self.remove = outdated.append

    def __getattr__(self, name: str):
        return getattr(self._backend, name)
