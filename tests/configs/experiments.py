"""The one table of experiments, and how a test runs one small."""

from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config, ConfigDict

CONFIGS = Path(__file__).parents[2] / 'configs'
# Pixels of the real pipeline and of the tests'.
SMALLER = {256: 40, 224: 32}


class Experiment(NamedTuple):
    """What a config file is, in the terms of its name."""

    name: str
    data: str
    classes: int
    backbone: str = 'TINResNet'
    depth: int = 50
    num_segments: int = 8
    groups: int = 2
    reverse: bool = True
    max_offset: float | None = None
    split: int | None = None
    epochs: int = 25
    lr: float = 0.005
    # Whose Kinetics weights it starts from; None for ImageNet's.
    kinetics: str | None = 'tsm_r50'
    flips: bool = True

    @property
    def is_multi_label(self) -> bool:
        return self.data == 'mmit'

    @property
    def is_direction_sensitive(self) -> bool:
        return self.data in ('sthv1', 'sthv2', 'jester')

    def load(self) -> Config:
        return Config.fromfile(CONFIGS / f'{self.name}.py')


CLASSES = dict(sthv1=174, sthv2=174, jester=27, ucf101=101, hmdb51=51)
SPLITS = dict(ucf101=1, hmdb51=1)
IMAGENET = dict(epochs=50, lr=0.01, kinetics=None)


def _on(data: str) -> list[Experiment]:
    common = dict(data=data, classes=CLASSES[data], split=SPLITS.get(data))
    return [
        Experiment(f'tin_r50_{data}', **common),
        Experiment(f'tin_r50_16f_{data}', num_segments=16, **(common | dict(kinetics='tsm_r50_16f'))),
        Experiment(f'tsm_r50_{data}', backbone='ResNetTSM', **common),
        Experiment(f'tsn_r50_{data}', backbone='ResNet', **(common | dict(kinetics='tsn_r50'))),
    ]


EXPERIMENTS = [
    *(experiment for data in CLASSES for experiment in _on(data)),
    *(
        Experiment(f'tin_r50_split{split}_{data}', data, CLASSES[data], split=split)
        for data in SPLITS
        for split in (2, 3)
    ),
    *(
        Experiment(
            f'tin_r50_imagenet_{data}', data, 174, max_offset=2.0, epochs=40, lr=0.01, kinetics=None, flips=False
        )
        for data in ('sthv1', 'sthv2')
    ),
    Experiment('tin_r50_g1_sthv1', 'sthv1', 174, groups=1),
    Experiment('tin_r50_g2_plain_sthv1', 'sthv1', 174, groups=2, reverse=False),
    Experiment('tin_r50_g4_sthv1', 'sthv1', 174, groups=4),
    Experiment('tin_r50_g4_plain_sthv1', 'sthv1', 174, groups=4, reverse=False),
    Experiment('tin_r50_kinetics400', 'kinetics400', 400, **IMAGENET),
    Experiment('tin_r50_16f_kinetics400', 'kinetics400', 400, num_segments=16, **IMAGENET),
    Experiment('tin_r50_kinetics600', 'kinetics600', 600, **IMAGENET),
    Experiment('tin_r50_16f_kinetics600', 'kinetics600', 600, num_segments=16, **IMAGENET),
    Experiment('tsm_r50_kinetics600', 'kinetics600', 600, backbone='ResNetTSM', **IMAGENET),
    Experiment('tsn_r50_kinetics600', 'kinetics600', 600, backbone='ResNet', **IMAGENET),
    Experiment('tin_r50_mmit', 'mmit', 313, **IMAGENET),
    Experiment('tin_r50_16f_mmit', 'mmit', 313, num_segments=16, **IMAGENET),
    Experiment('tin_r101_mmit', 'mmit', 313, depth=101, **IMAGENET),
    Experiment('tsm_r101_mmit', 'mmit', 313, backbone='ResNetTSM', depth=101, **IMAGENET),
    Experiment('tsn_r101_5f_mmit', 'mmit', 313, backbone='ResNet', depth=101, num_segments=5, **IMAGENET),
]


def small(cfg: Config, work_dir: Path) -> Config:
    """The experiment with its real steps on small frames: two clips to train on, two to test."""
    cfg.work_dir = str(work_dir)
    cfg.load_from = None
    cfg.model.backbone.pretrained = None
    if cfg.model.backbone.type == 'ResNetTSM':
        # Without weights to convert ResNetTSM fails in init_weights.
        cfg.model.backbone.pretrained2d = False
    cfg.train_cfg.max_epochs = 1
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=-1, save_last=False)
    cfg.default_hooks.logger.interval = 1
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[name].update(batch_size=1, num_workers=0, persistent_workers=False)
        cfg[name].dataset.indices = 2
    _shrink(cfg._cfg_dict)
    return cfg


def _shrink(node) -> None:
    """Replace the sizes of every transform, in place."""
    if isinstance(node, ConfigDict):
        for key in ('scale', 'crop_size', 'input_size'):
            if key in node:
                value = node[key]
                node[key] = (
                    tuple(SMALLER.get(side, side) for side in value)
                    if isinstance(value, (tuple, list))
                    else SMALLER[value]
                )
        for value in node.values():
            _shrink(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            _shrink(value)
