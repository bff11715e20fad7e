"""The recipe of deepcs233/TIN, compared with its code."""

import math
import random

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from PIL import Image
from torch import nn

from tests.configs.experiments import CONFIGS


@pytest.fixture(scope='module')
def cfg() -> Config:
    return Config.fromfile(CONFIGS / 'tin_r50_authors_sthv1.py')


def test_all_batchnorms_but_the_first_are_frozen(cfg):
    """Before training starts: optimizer and DistributedDataParallel ask for gradients when they are made."""
    model = MODELS.build(cfg.model)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 53
    assert [norm.weight.requires_grad for norm in norms] == [True] + 52 * [False]
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    given = {parameter for group in optimizer.param_groups for parameter in group['params']}
    assert [norm.bias in given for norm in norms] == [True] + 52 * [False]
    model.eval()
    model.train()
    assert [norm.training for norm in norms] == [True] + 52 * [False]


def test_rates_are_theirs(cfg):
    """`--lr 0.02 --lr_type cos --epochs 40 --use_warmup --warmup_epochs 1`, clip 20, dropout 0.8, batch 48."""
    optimizer, head = cfg.optim_wrapper.optimizer, cfg.model.cls_head
    assert (optimizer.type, optimizer.lr, optimizer.momentum) == ('SGD', 0.02, 0.9)
    assert optimizer.weight_decay == 5e-4
    assert cfg.optim_wrapper.clip_grad.max_norm == 20
    assert (head.dropout_ratio, head.init_std) == (0.8, 0.001)
    assert cfg.auto_scale_lr.base_batch_size == 48 == 8 * cfg.train_dataloader.batch_size
    warmup, cosine = cfg.param_scheduler
    assert (warmup.start_factor, warmup.begin, warmup.end) == (0.1, 0, 1)
    assert (cosine.type, cosine.begin, cosine.end, cosine.T_max) == ('CosineAnnealingLR', 1, 40, 39)
    assert cosine.eta_min == 0


def crops(width: int, height: int) -> set[tuple[int, int, int, int]]:
    """Left, top, width and height of every crop of GroupMultiScaleCrop with ``more_fix_crop``."""
    sizes = [int(min(width, height) * scale) for scale in (1, 0.875, 0.75, 0.66)]
    sizes = [224 if abs(size - 224) < 3 else size for size in sizes]
    quarters = [
        (0, 0),
        (4, 0),
        (0, 4),
        (4, 4),
        (2, 2),
        (0, 2),
        (4, 2),
        (2, 4),
        (2, 0),
        (1, 1),
        (3, 1),
        (1, 3),
    ]
    quarters.append((3, 3))
    return {
        (x * ((width - sizes[j]) // 4), y * ((height - sizes[i]) // 4), sizes[j], sizes[i])
        for i in range(4)
        for j in range(4)
        if abs(i - j) <= 1
        for x, y in quarters
    }


@pytest.mark.parametrize('size', [(176, 100), (454, 256), (340, 226)])
def test_crops_are_theirs_from_the_frame_as_it_is(cfg, size):
    width, height = size
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    seen = set()
    random.seed(0)
    transform = Compose([TRANSFORMS.build(step) for step in cfg.train_pipeline[2:4]])
    for _ in range(3000):
        results = transform(dict(imgs=[image], img_shape=(height, width)))
        left, top, right, bottom = results['crop_bbox'].tolist()
        if (crop := (left, top, right - left, bottom - top)) not in seen:
            seen.add(crop)
            theirs = Image.fromarray(image).crop((left, top, right, bottom))
            theirs = theirs.resize((224, 224), Image.Resampling.BILINEAR)
            np.testing.assert_array_equal(results['imgs'][0], np.asarray(theirs))
    assert seen == crops(width, height)


@pytest.mark.parametrize('num_frames', [8, 15, 23, 40, 101])
def test_frames_are_theirs(cfg, num_frames):
    """The segments are whole frames long, so that up to T - 1 frames at the end never come."""
    step = TRANSFORMS.build(cfg.train_pipeline[0])
    video = dict(total_frames=num_frames, start_index=0)
    for seed in range(20):
        np.random.seed(seed)
        ours = step.transform(dict(video))['frame_inds']
        np.random.seed(seed)
        duration = num_frames // 8
        theirs = np.multiply(list(range(8)), duration) + np.random.randint(duration, size=8)
        np.testing.assert_array_equal(ours, theirs)


def test_offsets_are_limited_and_start_as_theirs(cfg):
    """`4 * (sigmoid(x) - 0.5)` frames with a bias of 0.5108 at the start."""
    (interlace,) = [
        module
        for name, module in MODELS.build(cfg.model).named_modules()
        if name.endswith('layer1.0.conv1.conv.net1')
    ]
    nn.init.zeros_(interlace.offset_net.fc2.weight)
    offset = interlace.offset_net(torch.zeros(1, interlace.folded_channels, 8))
    expected = 4 * (1 / (1 + math.exp(-0.5108)) - 0.5)
    torch.testing.assert_close(offset, torch.tensor([[expected, expected]]), rtol=1e-4, atol=0)
