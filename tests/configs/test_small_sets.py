"""The recipes of small sets, of lip reading and events far apart for instance: what their names say, trained and tested on a few clips."""

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.datasets.preparing.prepare import prepare
from mmtin.datasets.synthetic import write_dataset
from tests.configs.experiments import CONFIGS
from tests.datasets.owner_files import make

LIPS = 'data/miracl_vc1'
CASES = {
    'tin_r18_miracl_vc1': ('TINResNet', 8, 56, LIPS),
    'tsm_r18_miracl_vc1': ('ResNetTSM', 8, 56, LIPS),
    'tsn_r18_miracl_vc1': ('ResNet', 8, 56, LIPS),
    'rtcn_r18_miracl_vc1': ('RTCNResNet', 8, 56, LIPS),
    'tin_r18_16f_miracl_vc1': ('TINResNet', 16, 56, LIPS),
    'tin_r18_causal_miracl_vc1': ('TINResNet', 8, 56, LIPS),
    'tin_r18_24f_miracl_vc1': ('TINResNet', 24, 56, LIPS),
    'tin_r18_24f_order_miracl_vc1': ('TINResNet', 24, 40, 'data/miracl_vc1_order'),
    'tin_r18_24f_demo_far': ('TINResNet', 24, 24, 'data/demo_far'),
    'tin_mobilenetv2_miracl_vc1': ('TINMobileNetV2', 8, 80, LIPS),
    'tin_mobilenetv2_fight_surv': ('TINMobileNetV2', 8, 112, 'data/fight_surv'),
}


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    """A folder with the data sets under data/, made as their commands make them."""
    root = tmp_path_factory.mktemp('small')
    media = make('miracl_vc1', root / 'owner').media
    for name in ('miracl_vc1', 'miracl_vc1_order'):
        prepare(name, None, media, root / 'data' / name)
    write_dataset(root / 'data/demo_far', num_clips=16, num_val=8, seed=0, difficulty='far')
    return root


@pytest.mark.parametrize('name', CASES)
def test_config_is_what_its_name_says(name):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    kind, frames, _, folder = CASES[name]
    backbone = cfg.model.backbone
    assert backbone.type == kind and (backbone.get('depth') == 18 or 'mobilenetv2' in name)
    assert backbone.get('pretrained') == ('torchvision://mobilenet_v2' if 'mobilenetv2' in name else None)
    assert backbone.get('num_segments', frames) == cfg.model.cls_head.num_segments == frames
    assert cfg.load_from is None and cfg.test_protocol == 'forwards'
    assert cfg.param_scheduler[-1].total_steps == cfg.train_cfg.max_epochs
    train = cfg.train_dataloader.dataset
    for pipeline in (train.pipeline, *cfg.test_protocols.values()):
        assert [step.num_clips for step in pipeline if step.type == 'SampleFrames'] == [frames]
    assert train.ann_file == f'{folder}/train.txt' and folder in str(train.data_prefix)
    assert cfg.test_dataloader.dataset.ann_file == f'{folder}/val.txt'
    kinds = {name: [step.type for step in steps] for name, steps in cfg.test_protocols.items()}
    assert 'ReverseFrames' in kinds['reversed'] and 'ReverseFrames' not in kinds['forwards']


@pytest.mark.parametrize(
    'name',
    [
        'tin_r18_24f_order_miracl_vc1',
        'tin_r18_24f_demo_far',
        'tin_r18_causal_miracl_vc1',
        'tin_mobilenetv2_miracl_vc1',
    ],
)
def test_an_iteration_and_a_test_of_its_frames(name, prepared, tmp_path, monkeypatch):
    monkeypatch.chdir(prepared)
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.work_dir, cfg.train_cfg.max_epochs = str(tmp_path), 1
    cfg.model.backbone.pretrained = None
    cfg.param_scheduler[0].total_steps = 1
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=-1, save_last=False)
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[loader].update(batch_size=2)
        cfg[loader].dataset.indices = 2
    runner = Runner.from_cfg(cfg)
    _, frames, size, _ = CASES[name]
    assert runner.train_dataloader.dataset[0]['inputs'].shape == (frames, 3, size, size)
    runner.train()
    assert runner.iter == 1
    assert 0 <= runner.test()['acc/top1'] <= 1
