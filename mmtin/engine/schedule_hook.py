"""Resume a training for more or fewer epochs than it was started with."""

from mmaction.registry import HOOKS
from mmengine.hooks import Hook

# Attributes that define a schedule of mmengine; the others are its progress.
_SHAPE = ('begin', 'end', 'total_steps', 'milestones', 'T_max', 'total_iters', '_schedule_phases')


@HOOKS.register_module()
class ScheduleHook(Hook):
    """Let ``--resume`` use the schedule of the config, from the iteration of the checkpoint on.

    mmengine restores the schedule of the stopped run: with a larger ``max_epochs`` the rate stays at its
    final value, and a one-cycle schedule ends the training with "Tried to step 46 times". If the schedule
    did not change, the hook does nothing.
    """

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        states, schedule = checkpoint.get('param_schedulers'), runner.param_schedulers
        if not runner._resume or not (isinstance(states, list) and isinstance(schedule, list)):
            return
        for index, scheduler in enumerate(schedule):
            own = vars(scheduler)
            if index < len(states):
                state = states[index]
                state.update({name: own[name] for name in _SHAPE if name in own})
            elif states:  # an entry that the shorter training did not have
                state = own
                state['_global_step'] = states[0]['_global_step']
            else:
                continue
            if state['begin'] <= state['_global_step'] < state['end']:
                # A schedule that had ended no longer counted.
                state['last_step'] = state['_global_step'] - state['begin']
