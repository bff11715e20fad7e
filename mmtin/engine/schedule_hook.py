"""Resume a training with the learning rate and the schedule that its config has now."""

from itertools import chain

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapperDict, _ParamScheduler


@HOOKS.register_module()
class ScheduleHook(Hook):
    """Let ``--resume`` use the rates and the schedule of the config, from the place of the checkpoint on.

    mmengine restores those of the stopped run. Then a lower rate has no effect, more epochs go on at the
    final rate, and a schedule by iteration stands still or goes back if an epoch has other iterations than
    before, as with another batch size or number of processes. Here the schedule starts from the rates of
    the config and makes the steps of the epochs that are done. If nothing changed, the result is that of
    the stopped run to the last bit.

    A schedule that follows a metric, such as ReduceOnPlateauLR, has its end alone from the config.
    """

    _rates: list[dict] | None = None  # of each group of parameters, from loading to the start
    _states: list[dict]

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep what the config says, before that of the checkpoint takes its place."""
        if not runner._resume:
            return
        schedulers = _schedulers(runner)
        # Adam's momentum is the first of betas; there are initial_lr, max_lr and min_lr, too.
        names = ('lr', 'betas', *(each.param_name for each in schedulers))
        self._rates = [
            {name: value for name, value in group.items() if name.endswith(names)}
            for group in _groups(runner)
        ]
        self._states = [each.state_dict() for each in schedulers]

    def before_train(self, runner) -> None:
        if self._rates is None:
            return
        schedulers, rates, self._rates = _schedulers(runner), self._rates, None
        if any(getattr(each, 'need_val_args', False) for each in schedulers):
            for each, state in zip(schedulers, self._states, strict=True):
                each.end = state['end']
            return
        for group, of_config in zip(_groups(runner), rates, strict=True):
            group.update(of_config)
        for each, state in zip(schedulers, self._states, strict=True):
            each.load_state_dict(state)
            each.optimizer._global_step = runner.iter  # or it warns that the optimizer made no step
        for _ in range(runner.epoch):
            _step(schedulers, len(runner.train_dataloader))
            for each in schedulers:
                if each.by_epoch:
                    each.step()
        begun = runner.message_hub.runtime_info.get('epoch_progress', (0, 0))[0]
        _step(schedulers, begun if runner.epoch else runner.iter)


def _step(schedulers: list[_ParamScheduler], num_iterations: int) -> None:
    """Let those that count iterations make so many steps."""
    by_iteration = [each for each in schedulers if not each.by_epoch]
    for _ in range(num_iterations):
        for each in by_iteration:
            each.step()


def _groups(runner) -> list[dict]:
    wrapper = runner.optim_wrapper
    wrappers = wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
    return [group for each in wrappers for group in each.param_groups]


def _schedulers(runner) -> list[_ParamScheduler]:
    schedulers = runner.param_schedulers or []
    return list(chain(*schedulers.values())) if isinstance(schedulers, dict) else schedulers
