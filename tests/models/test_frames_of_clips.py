"""A recognizer and clips of another number of frames than its backbone takes."""

from pathlib import Path

import mmaction
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.errors import UserError
from tests.report.tiny_run import write_videos

STOCK = 'recognition/tsn/tsn_imagenet-pretrained-r50_8xb32-1x1x3-100e_kinetics400-rgb.py'


def swapped(folder: Path, frames: int, backbone: dict) -> Config:
    """MMAction2's own config of TSN, on a few small videos, with another backbone."""
    cfg = Config.fromfile(Path(mmaction.__path__[0], '.mim/configs', STOCK))
    cfg.merge_from_dict(dict(work_dir=str(folder / 'work'), custom_hooks=[]))
    cfg.model.backbone = dict(depth=18, **backbone)
    cfg.model.cls_head.update(in_channels=512, num_classes=2)
    cfg.default_hooks.checkpoint.update(interval=-1, save_best=None, save_last=False)
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.update(
            ann_file=str(folder / f'{"train" if part == "train" else "val"}.txt'),
            data_prefix=dict(video=str(folder)),
            pipeline=[
                dict(type='DecordInit'),
                dict(type='SampleFrames', clip_len=1, num_clips=frames, test_mode=part != 'train'),
                dict(type='DecordDecode'),
                dict(type='Resize', scale=(32, 32), keep_ratio=False),
                dict(type='FormatShape', input_format='NCHW'),
                dict(type='PackActionInputs'),
            ],
        )
    return cfg


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    write_videos(folder)
    return folder


@pytest.mark.parametrize(
    'mode, backbone',
    [('train', 'TINResNet'), ('val', 'TINResNet'), ('test', 'TINResNet'), ('test', 'ResNetTSM')],
)
def test_two_videos_are_not_joined_into_one_clip(mode, backbone, folder):
    runner = Runner.from_cfg(swapped(folder, 4, dict(type=backbone, num_segments=8)))
    with pytest.raises(
        UserError, match=r'the pipeline gives clips of 4 frames, but model.backbone.num_segments=8; set'
    ):
        getattr(runner, mode)()


def test_several_views_of_a_video_are_for_tests_alone(folder):
    cfg = swapped(folder, 8, dict(type='TINResNet', num_segments=4))
    cfg.model.cls_head.type = 'TSMHead'
    cfg.model.cls_head.num_segments = 4
    runner = Runner.from_cfg(cfg)
    assert runner.test()['acc/top1'] >= 0
    with pytest.raises(UserError, match=r'clips of 8 frames, but model\.backbone\.num_segments=4'):
        runner.train()


def test_backbones_without_frames_take_any_number(folder):
    runner = Runner.from_cfg(swapped(folder, 5, dict(type='ResNet')))
    assert runner.test()['acc/top1'] >= 0
