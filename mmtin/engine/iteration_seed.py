"""Random numbers that are the same in a resumed training as in one that was never stopped."""

import numpy as np
from mmaction.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import set_random_seed

from mmtin.errors import UserError


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seed Python's, numpy's and torch's generators before each iteration from (seed, rank, iteration).

    mmengine's checkpoints keep no state of generators, and could not have that of other processes than the
    first. With a seed for each iteration no state is needed: dropout in iteration i draws the same numbers
    whenever and however often the run was resumed, and each process draws its own. Samples are seeded by
    the dataset.
    """

    priority = 'VERY_HIGH'

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Refuse to resume with another seed.

        mmengine restores the seed of the checkpoint, but after the samplers were built with the other.

        Raises:
            UserError: if it differs.
        """
        seed, own = checkpoint.get('meta', {}).get('seed'), runner.seed
        if (runner.cfg.get('randomness') or {}).get('diff_rank_seed'):
            own -= get_rank()  # the checkpoint is that of the first process
        if runner._resume and seed not in (None, own):
            raise UserError(
                f'the run was started with --seed {seed}, this command says {own}; '
                f'resume with --seed {seed}'
            )

    def before_train_epoch(self, runner) -> None:
        self._seed(runner)  # the data loader draws from these generators, too

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        self._seed(runner)

    def _seed(self, runner) -> None:
        entropy = np.random.SeedSequence((runner.seed, get_rank(), runner.iter))
        set_random_seed(int(entropy.generate_state(1)[0]))
