"""Every class is drawn as often, the same clips for any number of processes."""

from collections import Counter

import pytest
import torch

from mmtin.datasets import BalancedSampler, VideoClipDataset

NUM_CLIPS = 400


@pytest.fixture
def dataset(tmp_path):
    """Class 1 has a tenth of the clips."""
    path = tmp_path / 'list.txt'
    path.write_text(''.join(f'{index}.mp4\t{int(index % 10 == 0)}\n' for index in range(NUM_CLIPS)))
    return VideoClipDataset(str(path), [])


def test_classes_are_drawn_as_often(dataset):
    sampler = BalancedSampler(dataset, seed=1)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == NUM_CLIPS
    rare = sum(dataset.get_data_info(index)['label'] for index in drawn)
    assert 0.4 < rare / NUM_CLIPS < 0.6  # four standard deviations of a fair coin
    assert list(sampler) == drawn
    sampler.set_epoch(1)
    assert list(sampler) != drawn


def test_clip_that_comes_again_is_cropped_anew(dataset):
    drawn = list(BalancedSampler(dataset, seed=1))
    assert max(Counter(map(int, drawn)).values()) > 1
    assert len({index.seed for index in drawn}) == len(drawn)


def test_processes_share_what_one_draws(dataset, monkeypatch):
    alone = [(int(index), index.seed) for index in BalancedSampler(dataset, seed=1)]
    shares = []
    for rank in range(3):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, 3))
        sampler = BalancedSampler(dataset, seed=1)
        shares.append([(int(index), index.seed) for index in sampler])
        assert len(shares[-1]) == len(sampler)
    together = [each for step in zip(*shares) for each in step]
    assert len(together) == NUM_CLIPS + 2
    assert together[:NUM_CLIPS] == alone


def test_clip_of_several_classes_counts_with_the_rarest(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_text('0.mp4\t0\n' * 9 + '1.mp4\t0\t1\n')
    dataset = VideoClipDataset(str(path), [], multi_class=True, num_classes=2)
    assert BalancedSampler(dataset, seed=0).weights == pytest.approx([0.1] * 9 + [1.0])
    assert torch.equal(dataset.get_data_info(9)['label'], torch.ones(2))
