"""Check the length of the training, and fit schedules of the learning rate to it."""

from mmengine.config import Config
from mmengine.logging import print_log

from mmtin.config import type_name
from mmtin.engine.preflight.loaders import require_whole
from mmtin.errors import UserError


def check_length(cfg: Config) -> None:
    """Refuse a training of no epoch, and validations that never come.

    Raises:
        UserError: for a number of ``train_cfg`` that is not whole, or too low.
    """
    for entry, least in dict(max_epochs=1, max_iters=1, val_interval=1, val_begin=0).items():
        require_whole(cfg.get('train_cfg') or {}, 'train_cfg', entry, least)


def follow_max_epochs(cfg: Config, written: Config) -> None:
    """Fit the schedule of our recipes to ``train_cfg.max_epochs`` if an option changed that, in place.

    A warm-up keeps its length, what lasts to the end lasts to the new end, and steps of the rate stay at
    their share of the training. A schedule stays as it is if options changed it too, if it does not last as
    long as the training in the file, or if another package defines it.

    Args:
        cfg: with the options.
        written: the config as its file has it.
    """
    old, new = _max_epochs(written), _max_epochs(cfg)
    schedule = cfg.get('param_scheduler')
    if old in (None, new) or new is None or not isinstance(schedule, list):
        return
    if type_name(cfg.train_cfg) != 'ResumableTrainLoop':
        return
    if schedule != written.get('param_scheduler') or max(map(_length, schedule), default=0) != old:
        return
    cfg.param_scheduler = [fitted for entry in schedule if (fitted := _fitted(entry, old, new))]
    print_log(f'param_scheduler: {old} -> {new} epochs, as train_cfg.max_epochs.', 'current')


def refuse_short_schedule(cfg: Config) -> None:
    """Refuse a one-cycle schedule that ends before the training: the training would end with an error.

    Raises:
        UserError: if there is one.
    """
    schedule, epochs = cfg.get('param_scheduler') or [], _max_epochs(cfg)
    for entry in schedule if isinstance(schedule, list | tuple) else [schedule]:
        steps = entry.get('total_steps')
        if steps and epochs and entry.get('by_epoch', True) and steps < epochs:
            raise UserError(
                f'{entry.type} of param_scheduler ends after total_steps={steps} epochs, but '
                f'train_cfg.max_epochs={epochs}; set both to the same number'
            )


def _max_epochs(cfg: Config) -> int | None:
    return (cfg.get('train_cfg') or {}).get('max_epochs')


def _length(entry: dict) -> int:
    """The epoch at which an entry of a schedule ends, 0 if it counts iterations or states none."""
    if not entry.get('by_epoch', True):
        return 0
    return entry.get('total_steps') or entry.get('end') or 0


def _fitted(entry: dict, old: int, new: int) -> dict | None:
    """An entry of a schedule of ``old`` epochs fitted to ``new`` epochs; None if it would begin after the
    end."""
    entry, begin = entry.copy(), entry.get('begin', 0)
    length = _length(entry)
    if length == 0:
        return entry
    if begin >= new:
        return None
    if 'end' in entry:
        entry['end'] = new if length == old else min(length, new)
    if 'total_steps' in entry and length == old:
        entry['total_steps'] = new
    if 'T_max' in entry and begin + entry['T_max'] == old:
        entry['T_max'] = new - begin
    if 'milestones' in entry:
        entry['milestones'] = sorted({max(1, round(epoch * new / old)) for epoch in entry['milestones']})
    return entry
