"""A real run of a tiny TIN: trained, validated and tested on a few videos, its scores dumped."""

from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner

from tests.once import made_once

ROOT = Path(__file__).parents[2]
CLASSES = ('moving <right>', 'moving left $1')  # names that a page and matplotlib must not take for code
NUM_VAL = 6


def write_videos(folder: Path) -> None:
    """A bright square on grey, 12 frames of 64 pixels; class 1 is class 0 played backwards."""
    for part, count in (('train', 8), ('val', NUM_VAL)):
        lines = []
        for index in range(count):
            path = folder / f'{part}{index}.mp4'
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 12, (64, 64))
            for step in range(12)[:: -1 if index % 2 else 1]:
                frame = np.full((64, 64, 3), 60 + 5 * index, np.uint8)
                frame[24:40, 4 * step : 4 * step + 16] = 230
                writer.write(frame)
            writer.release()
            lines.append(f'{path.name} {index % 2}\n')
        (folder / f'{part}.txt').write_text(''.join(lines))
    (folder / 'labels.txt').write_text(''.join(f'{name}\n' for name in CLASSES))


def tiny_config(folder: Path, work_dir: Path) -> Config:
    """The demo's experiment on the videos in ``folder``: 4 frames of 32 pixels, two epochs."""
    cfg = Config.fromfile(ROOT / 'configs/tin_r18_demo.py')
    cfg.merge_from_dict(
        {
            'model.backbone.num_segments': 4,
            'model.cls_head.num_segments': 4,
            'model.cls_head.num_classes': len(CLASSES),
            'train_cfg.max_epochs': 2,
            'train_cfg.val_interval': 1,
            'default_hooks.logger.interval': 1,
            'custom_hooks.0.interval': 2,
            'visualizer.vis_backends': [dict(type='LocalVisBackend')],
            'work_dir': str(work_dir),
        }
    )
    cfg.param_scheduler = []
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(batch_size=4, num_workers=0, persistent_workers=False)
        loader.dataset.ann_file = str(folder / f'{"train" if part == "train" else "val"}.txt')
        loader.dataset.data_prefix = dict(video=str(folder))
        for step in loader.dataset.pipeline:
            if step.type == 'SampleFrames':
                step.num_clips = 4
            if step.type == 'Resize':
                step.scale = (32, 32)
    dump = dict(type='DumpResults', out_file_path=str(work_dir / 'predictions.pkl'))
    cfg.test_evaluator = [cfg.test_evaluator, dump]
    return cfg


def make_run(folder: Path, **options) -> Path:
    """Train and test in ``folder / 'tiny'``, with options as ``--cfg-options`` takes them."""
    work_dir = folder / 'tiny'
    work_dir.mkdir(parents=True)
    write_videos(folder)
    cfg = tiny_config(folder, work_dir)
    cfg.merge_from_dict(options)
    runner = Runner.from_cfg(cfg)
    runner.train()
    runner.test()
    return work_dir


def shared_run(tmp_path_factory) -> Path:
    """One run for all tests that only read it."""
    return made_once(tmp_path_factory, 'shared_run', make_run) / 'tiny'
