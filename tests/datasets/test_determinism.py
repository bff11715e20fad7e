"""A sample is the same in any process and in any order of loading."""

import random

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.runner import Runner

from mmtin.datasets.randomness import SeededIndex, SeededInfiniteSampler, SeededSampler, seeded
from tests.datasets.owner_files import write_clip, write_lines
from tests.report.tiny_run import tiny_config

NUM_CLIPS = 6
# What training draws: frames, crop, flip.
PIPELINE = [
    dict(type='VideoInit'),
    dict(type='SampleFrames', clip_len=1, num_clips=4),
    dict(type='VideoDecode'),
    dict(type='MultiScaleCrop', input_size=32, scales=(1, 0.8, 0.6)),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs'),
]


@pytest.fixture(scope='module')
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp('clips')
    for index in range(NUM_CLIPS):
        write_clip(folder / f'{index}.mp4', index, num_frames=40)
    write_lines(folder / 'list.txt', *(f'{index}.mp4 {index}' for index in range(NUM_CLIPS)))
    return folder


def loader_config(folder, num_workers=0, persistent=False):
    return dict(
        batch_size=2,
        num_workers=num_workers,
        persistent_workers=persistent,
        sampler=dict(type='SeededSampler', shuffle=True),
        dataset=dict(
            type='VideoClipDataset',
            ann_file=str(folder / 'list.txt'),
            data_prefix=dict(video=str(folder)),
            pipeline=PIPELINE,
        ),
    )


def two_epochs(config, seed=3):
    """Labels and pixels of every sample of two epochs, in order."""
    loader = Runner.build_dataloader(config, seed=seed)
    epochs = []
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)
        batches = list(loader)
        labels = [int(sample.gt_label) for batch in batches for sample in batch['data_samples']]
        epochs.append((labels, torch.stack([clip for batch in batches for clip in batch['inputs']])))
    return epochs


@pytest.mark.parametrize(
    'num_workers, persistent', [(1, False), (2, True), (3, False)], ids=['1', '2 persistent', '3']
)
def test_samples_do_not_depend_on_workers(clips, num_workers, persistent):
    expected = two_epochs(loader_config(clips))
    found = two_epochs(loader_config(clips, num_workers, persistent))
    for epoch in range(2):
        assert found[epoch][0] == expected[epoch][0]
        assert torch.equal(found[epoch][1], expected[epoch][1])


def test_samples_differ_from_epoch_to_epoch_and_with_the_seed(clips):
    first, second = (dict(zip(*epoch)) for epoch in two_epochs(loader_config(clips)))
    other_seed = dict(zip(*two_epochs(loader_config(clips), seed=4)[0]))
    assert first.keys() == second.keys() == set(range(NUM_CLIPS))
    for label, pixels in first.items():
        assert not torch.equal(pixels, second[label])
        assert not torch.equal(pixels, other_seed[label])


def test_order_is_that_of_mmengine():
    ours, theirs = (kind(range(20), seed=5) for kind in (SeededSampler, DefaultSampler))
    for epoch in (0, 3):
        ours.set_epoch(epoch)
        theirs.set_epoch(epoch)
        assert list(ours) == list(theirs)
        assert [index.seed for index in ours] == [(5, epoch, index) for index in theirs]


def test_passes_of_the_infinite_sampler_count_as_epochs():
    indices = iter(SeededInfiniteSampler(range(3), shuffle=False, seed=5))
    seeds = [next(indices).seed for _ in range(7)]
    assert seeds == [(5, number // 3, number % 3) for number in range(7)]


def test_a_plain_index_draws_as_mmengine_has_it(clips):
    dataset = Runner.build_dataloader(loader_config(clips), seed=3).dataset
    first, second = (dataset[0]['inputs'] for _ in range(2))
    assert not torch.equal(first, second)
    seeded_index = SeededIndex(0, (3, 0, 0))
    first, second = (dataset[seeded_index]['inputs'] for _ in range(2))
    assert torch.equal(first, second)


def draw():
    return random.random(), np.random.rand(), torch.rand(()).item()


def test_generators_are_put_back_also_after_an_error():
    def seed_all():
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)

    seed_all()
    expected = draw()
    seed_all()
    with seeded((7, 0)):
        inside = draw()
    with pytest.raises(ZeroDivisionError), seeded((7, 1)):
        other = draw()
        raise ZeroDivisionError
    assert draw() == expected
    with seeded((7, 0)):
        assert draw() == inside
    assert not set(inside) & (set(other) | set(expected))


def train(folder, work_dir, num_workers):
    """Weights of the demo's network after two epochs with dropout and everything that PIPELINE draws."""
    cfg = tiny_config(folder, work_dir)
    cfg.model.cls_head.update(num_classes=NUM_CLIPS, dropout_ratio=0.5)
    cfg.train_dataloader = loader_config(folder, num_workers, persistent=num_workers > 0)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=-1, save_last=False)
    runner = Runner.from_cfg(cfg)
    model = runner.train()
    # Left to the garbage collector with the runner, persistent workers take 5 s each to end.
    runner.train_dataloader._iterator = None
    return model.state_dict()


def test_weights_do_not_depend_on_workers(clips, tmp_path):
    alone = train(clips, tmp_path / 'alone', 0)
    with_workers = train(clips, tmp_path / 'workers', 2)
    different = [name for name, value in alone.items() if not torch.equal(value, with_workers[name])]
    assert not different
