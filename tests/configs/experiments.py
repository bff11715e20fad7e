"""The experiments, by the names of their configs, and how a test runs one small."""

import re
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config, ConfigDict

CONFIGS = Path(__file__).parents[2] / 'configs'
# Pixels of the real pipeline and of the tests'.
SMALLER = {256: 40, 224: 32}


# Tested elsewhere: tests/tools/test_demo.py and test_ablate.py, tests/models/test_detection.py,
# test_small_sets.py and test_mobilenet.py beside this and, since their data set is anybody's,
# tests/test_finetuning.py. tests/peers tests the networks of other papers.
OTHERS = {
    'tin_r18_demo',
    'tin_r18_demo_hard',
    'tin_r18_causal_demo',
    'tin_r18_causal_miracl_vc1',
    'tsn_r18_demo',
    'tin_r50_ava21',
    'tin_r50_finetune',
    'tin_r18_finetune',
    'tin_r18_24f_demo_far',
    'tin_r18_miracl_vc1',
    'tin_r18_16f_miracl_vc1',
    'tin_r18_24f_miracl_vc1',
    'tin_r18_24f_order_miracl_vc1',
    'tsm_r18_miracl_vc1',
    'tsn_r18_miracl_vc1',
    'rtcn_r18_miracl_vc1',
    'tin_mobilenetv2_fight_surv',
    'tin_mobilenetv2_miracl_vc1',
    'tin_mobilenetv2_sthv1',
}

PEERS = re.compile(r'(trn|eco|ecolite|i3d)_.*|.*_bninception_.*')

_NAME = re.compile(
    r'(?P<model>tin|tsm|tsn)_r(?P<depth>\d+)(_(?P<frames>\d+)f)?(_(?P<variant>\w+))?_(?P<data>[a-z]+\d*)'
)


class Experiment(NamedTuple):
    """An experiment as its name describes it; what the name leaves out is as in the paper."""

    name: str
    model: str
    depth: int
    num_segments: int
    variant: str
    data: str

    @classmethod
    def named(cls, name: str) -> 'Experiment':
        match = _NAME.fullmatch(name)
        assert match, f'{name} is not {{model}}_{{backbone}}[_{{frames}}f][_{{variant}}]_{{data set}}'
        return cls(
            name,
            match['model'],
            int(match['depth']),
            int(match['frames'] or 8),
            match['variant'] or '',
            match['data'],
        )

    @property
    def backbone(self) -> str:
        return dict(tin='TINResNet', tsm='ResNetTSM', tsn='ResNet')[self.model]

    @property
    def groups(self) -> int:
        if self.is_causal:
            return 4
        return int(self.variant[1]) if re.match(r'g\d', self.variant) else 2

    @property
    def reverse(self) -> bool:
        return 'plain' not in self.variant and not self.is_causal

    @property
    def is_causal(self) -> bool:
        return self.variant == 'causal'

    @property
    def split(self) -> int | None:
        if self.data not in ('ucf101', 'hmdb51'):
            return None
        return int(self.variant[-1]) if self.variant.startswith('split') else 1

    @property
    def is_released(self) -> bool:
        """Whether the recipe is that of public code instead of the paper's."""
        return self.variant in ('imagenet', 'authors')

    @property
    def kinetics(self) -> str | None:
        """Whose Kinetics weights it starts from; None for ImageNet's."""
        if self.is_released or self.data in ('kinetics400', 'kinetics600', 'mmit'):
            return None
        model = 'tsn' if self.model == 'tsn' else 'tsm'
        return f'{model}_r{self.depth}' + ('_16f' if self.num_segments == 16 else '')

    @property
    def is_multi_label(self) -> bool:
        return self.data == 'mmit'

    @property
    def is_direction_sensitive(self) -> bool:
        return self.data in ('sthv1', 'sthv2', 'jester')

    def load(self) -> Config:
        return Config.fromfile(CONFIGS / f'{self.name}.py')


EXPERIMENTS = [
    Experiment.named(path.stem)
    for path in sorted(CONFIGS.glob('*.py'))
    if path.stem not in OTHERS and not PEERS.fullmatch(path.stem)
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
