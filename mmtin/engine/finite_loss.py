"""Stop a training whose loss is NaN or infinite, before it spoils the weights."""

import math
from collections.abc import Callable
from pathlib import Path

import torch
from mmaction.registry import HOOKS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import find_latest_checkpoint
from torch import Tensor

from mmtin.compat.torch import before_each_step
from mmtin.config import type_name
from mmtin.datasets.clip_names import NAME_KEYS
from mmtin.errors import UserError

# Scale of gradients in mixed precision: it starts at about 2**16, and each skipped step halves it.
_LEAST_SCALE = 2.0**-60


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop at the first NaN or infinite loss, and keep NaN out of checkpoints.

    Each loss is checked after the backward pass and before the optimizer steps, so that the weights stay as
    they were. If the gradient scaler of mixed precision skips a step because gradients overflow at a finite
    loss, it is searching for a scale, and training goes on. If the scaler finds no scale, training stops,
    since it would learn nothing.

    With several processes, each checks its own loss: the one that finds the fault ends, and its launcher
    ends the others. Until then their weights may get a NaN from the shared gradients. No checkpoint gets
    it: writing one fails first.

    Samples have the names of their clips if PackActionInputs has ``filename`` or ``frame_dir`` among its
    ``meta_keys``; ``mim train mmtin`` adds them.

    Raises:
        UserError: names iteration, epoch, learning rate, gradient norm and the clips of the batch.
    """

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []
        self._data_batch: dict = {}
        self._loss: Tensor | None = None
        self._copied: torch.cuda.Event | None = None

    def before_train(self, runner) -> None:
        self._remove()
        # Not as decorators: importing mmtin would then import the compiler.
        keep_loss, check = map(torch.compiler.disable, (self._keep_loss, lambda: self._check(runner)))
        self._undo = [runner.model.register_forward_hook(keep_loss, with_kwargs=True).remove]
        wrapper = runner.optim_wrapper
        for each in wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]:
            self._undo.append(before_each_step(each.optimizer, check))

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        self._data_batch = data_batch

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        # No step was made with gradients that accumulate, or that the scaler of mixed precision refused.
        had_step = self._loss is None
        self._check(runner)
        scaler = getattr(runner.optim_wrapper, 'loss_scaler', None)
        if had_step or scaler is None or not runner.optim_wrapper.should_update():
            return
        if (scale := scaler.get_scale()) < _LEAST_SCALE:
            raise UserError(
                f'mixed precision skips every step up to iteration {runner.iter + 1}, epoch '
                f'{runner.epoch + 1}: the loss is finite but its gradients are not, down to a scale of '
                f'{scale:g}; train without --amp'
            )

    def after_train(self, runner) -> None:
        self._remove()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        for name, value in checkpoint['state_dict'].items():
            if isinstance(value, Tensor) and value.isnan().any():
                raise UserError(
                    f'{name} of the network became NaN in epoch {runner.epoch + 1}, so no checkpoint '
                    f'was written; {_remedy(runner)}'
                )

    def _remove(self) -> None:
        for undo in self._undo:
            undo()
        self._undo = []

    @torch.no_grad()
    def _keep_loss(self, model, args, kwargs, losses) -> None:
        """Start to copy the loss of a forward pass to the CPU, without waiting for it."""
        if kwargs.get('mode') != 'loss':
            return
        loss, _ = getattr(model, 'module', model).parse_losses(losses)
        self._loss = loss.to('cpu', non_blocking=True)
        self._copied = None
        if loss.is_cuda:
            self._copied = torch.cuda.Event()
            self._copied.record()

    def _check(self, runner) -> None:
        if self._loss is None:
            return
        if self._copied is not None:
            # The copy follows the forward pass; the GPU does the backward pass meanwhile.
            self._copied.synchronize()
        loss, self._loss = self._loss.item(), None
        if not math.isfinite(loss):
            rates = sorted({rate for group in runner.optim_wrapper.get_lr().values() for rate in group})
            raise UserError(
                f'the loss is {loss} in iteration {runner.iter + 1}, epoch {runner.epoch + 1}, with '
                f'learning rate {", ".join(f"{rate:g}" for rate in rates)}, gradient norm '
                f'{_gradient_norm(runner)} and the clips {_clip_names(self._data_batch)}; {_remedy(runner)}'
            )


def _gradient_norm(runner) -> str:
    gradients = [weight.grad for weight in runner.model.parameters() if weight.grad is not None]
    # A scaler has cleared gradients that are not finite.
    if not gradients:
        return 'not finite'
    # torch.nn.utils.get_total_norm, which came with torch 2.6.
    norms = torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
    return f'{torch.linalg.vector_norm(norms):g}'


def _clip_names(data_batch: dict) -> str:
    samples = data_batch.get('data_samples', ())
    names = [next(filter(None, map(sample.get, NAME_KEYS)), None) for sample in samples]
    return ', '.join(map(str, filter(None, names))) or 'that the pipeline gives no names'


def _remedy(runner) -> str:
    change = f'a lower learning rate ({_rate_of(runner.cfg)}) or without these clips'
    checkpoint = find_latest_checkpoint(runner.work_dir)
    if checkpoint is None or not Path(checkpoint).is_file():
        return f'there is no checkpoint yet: start again with {change}'
    return f'the last checkpoint is {checkpoint}: go on from it with --resume and {change}'


def _rate_of(cfg: Config) -> str:
    """The entry of a config that sets its learning rate."""
    schedule = cfg.get('param_scheduler') or []
    for index, scheduler in enumerate(schedule if isinstance(schedule, list) else []):
        if type_name(scheduler) == 'OneCycleLR':
            return f'param_scheduler.{index}.eta_max'
    return 'optim_wrapper.optimizer.lr'
