"""A sampler that draws all classes equally often."""

from collections import Counter
from collections.abc import Iterator
from functools import cached_property

import torch
from mmaction.registry import DATA_SAMPLERS
from torch.utils.data import WeightedRandomSampler

from mmtin.datasets.randomness import SeededIndex, SeededSampler


@DATA_SAMPLERS.register_module()
class BalancedSampler(SeededSampler):
    """Draws clips with replacement, all classes equally often, however few clips one has.

    torch's WeightedRandomSampler with a weight of 1 / clips of the class; a clip of several classes counts
    with the rarest. An epoch has as many clips as the data set. What is drawn depends on the seed of the
    run and the epoch alone, for any number of processes and after an interruption; a clip that comes twice
    in an epoch is cropped anew.
    """

    def __iter__(self) -> Iterator[SeededIndex]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        drawn = list(WeightedRandomSampler(self.weights, len(self.dataset), generator=generator))
        for turn in range(self.rank, self.total_size, self.world_size):
            index = drawn[turn % len(drawn)]
            yield SeededIndex(index, (self.seed, self.epoch, index, turn))

    @cached_property
    def weights(self) -> list[float]:
        """How often each clip is drawn, up to a common factor."""
        labels = [_labels(self.dataset.get_data_info(index)) for index in range(len(self.dataset))]
        count = Counter(label for several in labels for label in several)
        return [max((1 / count[label] for label in several), default=0.0) for several in labels]


def _labels(info: dict) -> list[int]:
    """The classes of a clip; the label of several is a vector ``[classes]`` of 0 and 1."""
    label = info['label']
    return label.nonzero().flatten().tolist() if isinstance(label, torch.Tensor) else [int(label)]
