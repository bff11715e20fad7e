"""A resumed training that is to last longer, or shorter, than it was started for."""

from mmaction.registry import HOOKS
from mmengine.hooks import Hook

# What a schedule of mmengine's is like, in its attributes; the others say how far it is.
_SHAPE = ('begin', 'end', 'total_steps', 'milestones', 'T_max', 'total_iters', '_schedule_phases')


@HOOKS.register_module()
class ScheduleHook(Hook):
    """Let ``--resume`` go on with the schedule of the config, from where the checkpoint stands.

    mmengine brings back the schedule of the run that was stopped: with a larger ``max_epochs`` the rate
    stays at the end of that, and a one-cycle schedule ends the training with "Tried to step 46 times".
    Where nothing changed, this changes nothing.
    """

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        states, schedule = checkpoint.get('param_schedulers'), runner.param_schedulers
        if not runner.cfg.get('resume') or not (isinstance(states, list) and isinstance(schedule, list)):
            return
        for index, scheduler in enumerate(schedule):
            own = vars(scheduler)
            if index < len(states):
                state = states[index]
                state.update({name: own[name] for name in _SHAPE if name in own})
            elif states:  # one that the shorter training had no place for
                state = own
                state['_global_step'] = states[0]['_global_step']
            else:
                continue
            if state['begin'] <= state['_global_step'] < state['end']:
                # One that had come to its end had stopped to count.
                state['last_step'] = state['_global_step'] - state['begin']
