"""Stop a training whose loss is NaN or infinite, before it spoils the weights."""

import math
from pathlib import Path

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import find_latest_checkpoint
from torch import Tensor

from mmtin.datasets.clip_names import NAME_KEYS
from mmtin.errors import UserError

# Of gradients in mixed precision: it starts at some 2**16, and each step that is skipped halves it.
_LEAST_SCALE = 2.0**-60


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop at the first NaN or infinite loss, and keep NaN out of checkpoints.

    Each loss is looked at after its gradients are there and before the optimizer steps, so that the
    weights stay as they were. A step that a gradient scaler of mixed precision skips, because gradients
    overflow at a finite loss, is part of its search for a scale and no fault. A training stops whose scaler
    finds none, since it would go on and learn nothing.

    With several processes, each looks at its own loss: the one that meets the fault ends, and its launcher
    ends the others. Until then their weights may take a NaN from the shared gradients, which no checkpoint
    gets: its writing fails first.

    The samples name their clips if PackActionInputs has ``filename`` or ``frame_dir`` among its
    ``meta_keys``, as ``mim train mmtin`` sees to.

    Raises:
        UserError: with iteration, epoch, learning rate, gradient norm and the clips of the batch.
    """

    def __init__(self) -> None:
        self._handles: list = []
        self._data_batch: dict = {}
        self._loss: Tensor | None = None
        self._copied: torch.cuda.Event | None = None

    def before_train(self, runner) -> None:
        self._remove()
        # Not as decorators: they would import the compiler with mmtin.
        keep_loss, check = map(torch.compiler.disable, (self._keep_loss, lambda *_: self._check(runner)))
        self._handles = [runner.model.register_forward_hook(keep_loss, with_kwargs=True)]
        wrapper = runner.optim_wrapper
        for each in wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]:
            self._handles.append(each.optimizer.register_step_pre_hook(check))

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        self._data_batch = data_batch

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        # Gradients that accumulate, or that a scaler of mixed precision refuses, had no step.
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
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @torch.no_grad()
    def _keep_loss(self, model, args, kwargs, losses) -> None:
        """Have the loss of a forward pass brought to the CPU; nobody waits for it yet."""
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
            # The copy follows the forward pass, and the GPU has the backward pass to do meanwhile.
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
    # A scaler refuses gradients that are not finite, and has cleared them.
    return f'{torch.nn.utils.get_total_norm(gradients):g}' if gradients else 'not finite'


def _clip_names(data_batch: dict) -> str:
    samples = data_batch.get('data_samples', ())
    names = [next(filter(None, map(sample.get, NAME_KEYS)), None) for sample in samples]
    return ', '.join(map(str, filter(None, names))) or 'that the pipeline gives no names'


def _remedy(runner) -> str:
    checkpoint = find_latest_checkpoint(runner.work_dir)
    if checkpoint is None or not Path(checkpoint).is_file():
        return 'there is no checkpoint yet: start again with a lower learning rate or without these clips'
    return (
        f'the last checkpoint is {checkpoint}: go on from it with --resume and a lower learning rate, or '
        'without these clips'
    )
