"""The recipe for small machines: its facts, steps of training and a test."""

from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.datasets.preparing.prepare import prepare
from tests.configs.experiments import CONFIGS, small
from tests.datasets.owner_files import make


def test_two_iterations_and_a_test(tmp_path, monkeypatch):
    owner = make('sthv1', tmp_path / 'owner')
    prepare('sthv1', owner.annotations, owner.media, tmp_path / 'data/sthv1')
    monkeypatch.chdir(tmp_path)
    cfg = Config.fromfile(CONFIGS / 'tin_mobilenetv2_sthv1.py')
    backbone = cfg.model.backbone
    assert (backbone.type, backbone.pretrained) == ('TINMobileNetV2', 'torchvision://mobilenet_v2')
    assert backbone.num_segments == cfg.model.cls_head.num_segments == 8
    runner = Runner.from_cfg(small(cfg, tmp_path / 'work'))
    runner.train()
    assert runner.iter == 2
    assert set(runner.test()) == {'acc/top1', 'acc/top5', 'acc/mean1'}
