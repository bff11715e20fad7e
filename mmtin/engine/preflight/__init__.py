"""Checks that `mim train` and `mim test` make before anything is built: each line of a list is one check.

A check takes the config, with the options of the command. It raises a UserError of one sentence, or
completes the config.
"""

from collections.abc import Callable, Sequence

from mmengine.config import Config

from mmtin.config import choose_test_protocol, match_num_segments, refuse_amp_without_gpu
from mmtin.engine.preflight.lists import check_test_lists, check_training_lists
from mmtin.engine.preflight.loaders import check_loaders
from mmtin.engine.preflight.optimizer import check_optimizer
from mmtin.engine.preflight.schedule import refuse_short_schedule
from mmtin.engine.preflight.start import warn_of_frozen_noise
from mmtin.engine.preflight.validation import check_save_best

Check = Callable[[Config], None]

TRAINING: Sequence[Check] = (
    refuse_amp_without_gpu,
    check_loaders,
    match_num_segments,
    check_training_lists,
    refuse_short_schedule,
    check_optimizer,
    check_save_best,
    warn_of_frozen_noise,
)
TEST: Sequence[Check] = (
    check_loaders,
    choose_test_protocol,
    match_num_segments,
    check_test_lists,
)


def look_over(cfg: Config, checks: Sequence[Check]) -> None:
    """Make every check, in order.

    Raises:
        UserError: the first that fails.
    """
    for check in checks:
        check(cfg)
