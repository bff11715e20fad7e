"""Samples that are the same whatever process loads them, and in whatever order.

mmengine seeds each worker of a data loader once, so what a sample draws depends on the number of workers
and on the samples that its worker loaded before; workers that are started anew repeat in each epoch what
they drew in the first. Here a sample draws from generators that are seeded for it alone, with the seed of
the run, the epoch and its index. The sampler sends these with the index, since the dataset in a worker
does not learn of epochs.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmaction.datasets import BaseActionDataset
from mmaction.registry import DATA_SAMPLERS
from mmengine.dataset import DefaultSampler, InfiniteSampler


class SeededIndex(int):
    """The index of a sample, with the seed of what it draws.

    Args:
        index: in the dataset.
        seed: integers, 0 or more.
    """

    seed: tuple[int, ...]

    def __new__(cls, index: int, seed: tuple[int, ...]) -> 'SeededIndex':
        self = super().__new__(cls, index)
        self.seed = seed
        return self

    def __reduce__(self) -> tuple:
        return SeededIndex, (int(self), self.seed)


@contextmanager
def seeded(seed: tuple[int, ...]) -> Iterator[None]:
    """Seed the global generators of Python, numpy and torch (on the CPU); put them back afterwards.

    Where there are no workers, the network draws its dropout from the same generators.
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
    random.seed(seeds[0])
    np.random.seed(seeds[1])
    # torch.manual_seed would seed the GPU as well.
    torch.default_generator.manual_seed(seeds[2])
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


class SeededSamples(BaseActionDataset):
    """Mixin for datasets of MMAction2: a sample depends on its :class:`SeededIndex` and nothing else.

    With a plain index, which other samplers and dataset wrappers give (RepeatDataset, ConcatDataset), it
    draws as without this mixin.
    """

    def __getitem__(self, index: int) -> dict:
        if not isinstance(index, SeededIndex):
            return super().__getitem__(index)
        with seeded(index.seed):
            return super().__getitem__(int(index))


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """mmengine's DefaultSampler, in the same order, with a :class:`SeededIndex` for each sample.

    What a sample draws depends on the seed of the run, the epoch and the index. Clips of
    VideoClipDataset and RawframeClipDataset are then the same for any number of workers, and after an
    interruption; other datasets take these indices for plain ones.
    """

    def __iter__(self) -> Iterator[SeededIndex]:
        for index in super().__iter__():
            yield SeededIndex(index, (self.seed, self.epoch, index))


@DATA_SAMPLERS.register_module()
class SeededInfiniteSampler(InfiniteSampler):
    """mmengine's InfiniteSampler, for loops by iteration: a pass over the set counts as an epoch."""

    def _infinite_indices(self) -> Iterator[SeededIndex]:
        for number, index in enumerate(super()._infinite_indices()):
            yield SeededIndex(index, (self.seed, number // self.size, index))
