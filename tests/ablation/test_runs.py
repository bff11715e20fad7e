"""Plans, settings and configs of an ablation's runs."""

import json
from pathlib import Path

import pytest
from mmaction.models.backbones.resnet_tsm import TemporalShift
from mmaction.registry import MODELS
from mmengine.config import Config

from mmtin.ablation.runs import (
    AblationRun,
    describe_data,
    identity,
    num_parameters,
    num_steps,
    require_same,
    run_config,
    trunk_of,
)
from mmtin.ablation.sets import SETS, cells
from mmtin.ablation.variants import variants_of
from mmtin.errors import UserError
from mmtin.models import TemporalInterlace

CONFIGS = Path(__file__).parents[2] / 'configs'
CONFIG = CONFIGS / 'tin_r18_demo_hard.py'
TIME = (TemporalInterlace, TemporalShift)


def make_data(root):
    root.mkdir()
    for name, lines in (('train', 40), ('val', 8), ('labels', 5)):
        (root / f'{name}.txt').write_text('a line\n' * lines)
    return root


def config_of(variant, tmp_path, seed=3, config=CONFIG):
    run = AblationRun(variant, seed, tmp_path / 'work')
    return run_config(Config.fromfile(config), run, tmp_path / 'data', num_classes=5, epochs=7)


@pytest.mark.parametrize('variant', variants_of('ResNet'))
def test_only_backbones_rates_of_offsets_and_precision_differ(variant, tmp_path):
    cfg, tin = config_of(variant, tmp_path), config_of('tin', tmp_path)
    rates = tin.optim_wrapper.pop('paramwise_cfg')
    assert rates == dict(custom_keys={'.offset_net.': dict(lr_mult=0.1)})
    slow = variant not in ('tsn', 'tsm', 'rtcn', 'tin_full_rate', 'tin_fixed')
    assert cfg.optim_wrapper.pop('paramwise_cfg', None) == (rates if slow else None)
    assert cfg.optim_wrapper.pop('type', None) == (
        'Bfloat16OptimWrapper' if variant == 'tin_bfloat16' else None
    )
    assert cfg.model.backbone.depth == 18
    assert cfg.model.backbone.get('num_segments', 8) == 8
    assert num_parameters(cfg) > 11e6
    for key in ('backbone',):
        tin.model.pop(key), cfg.model.pop(key)
    for key in ('custom_imports', 'work_dir'):
        tin.pop(key), cfg.pop(key)
    assert cfg.to_dict() == tin.to_dict()


def test_light_ones_start_from_the_same_weights(tmp_path):
    config = CONFIGS / 'tin_mobilenetv2_fight_surv.py'
    backbones = []
    for variant in variants_of(trunk_of(Config.fromfile(config))):
        cfg = config_of(variant, tmp_path, config=config)
        assert cfg.model.backbone.pretrained == 'torchvision://mobilenet_v2'
        assert cfg.train_dataloader.dataset.data_prefix == dict(video=str(tmp_path / 'data/media'))
        assert num_parameters(cfg) > 2e6
        cfg.model.backbone.pretrained = None
        backbones.append(MODELS.build(cfg.model.backbone))
    tsn, tsm, tin = (sum(isinstance(m, TIME) for m in backbone.modules()) for backbone in backbones)
    assert (tsn, tsm, tin) == (0, 10, 10)


@pytest.mark.parametrize('name', SETS)
def test_every_network_of_a_set_can_be_built(name):
    """With each number of frames; shapes alone, which takes no time."""
    base = Config.fromfile(CONFIGS / SETS[name].config)
    assert trunk_of(base) == SETS[name].trunk
    for cell in cells({name: SETS[name]}, variants=variants_of(SETS[name].trunk), seeds=[0]):
        run = AblationRun(cell.variant, 0, Path('work'))
        cfg = run_config(base, run, Path('data'), 5, 1, cell.frames)
        assert num_parameters(cfg) > 2e6, cell


@pytest.mark.parametrize('rate', ['tin_slow', 'tin', 'tin_full_rate'])
def test_rates_of_offsets_do_not_depend_on_the_recipe_unless_they_are_its(rate, tmp_path):
    """The recipe of `hard` has a tenth, that of `far` the full rate."""
    tenth = dict(custom_keys={'.offset_net.': dict(lr_mult=0.1)})
    expected = dict(tin_slow=(tenth, tenth), tin=(tenth, None), tin_full_rate=(None, None))[rate]
    configs = CONFIG, CONFIGS / 'tin_r18_24f_demo_far.py'
    found = (
        config_of(rate, tmp_path, config=config).optim_wrapper.get('paramwise_cfg') for config in configs
    )
    assert tuple(found) == expected


def test_variants_of_another_trunk_are_refused():
    assert variants_of('MobileNetV2', ['light_tin', 'light_tin']) == ('light_tin',)
    with pytest.raises(
        UserError, match='tsm is a variant of ResNet and this recipe trains MobileNetV2s; choose'
    ):
        variants_of('MobileNetV2', ['tsm'])


def test_what_a_run_is_told(tmp_path):
    cfg = config_of('tin_g4_plain', tmp_path)
    assert cfg.model.backbone.to_dict() == dict(
        type='TINResNet', depth=18, num_segments=8, groups=4, reverse=False
    )
    assert cfg.randomness.seed == 3 and cfg.resume
    assert cfg.train_cfg.max_epochs == 7 and cfg.param_scheduler[0].total_steps == 7
    assert cfg.model.cls_head.num_classes == 5
    assert cfg.train_dataloader.dataset.ann_file == str(tmp_path / 'data/train.txt')
    assert cfg.test_dataloader.dataset.ann_file == str(tmp_path / 'data/val.txt')
    assert num_steps(cfg, 40) == 7 * 3


def test_base_config_is_left_alone(tmp_path):
    base = Config.fromfile(CONFIG)
    for variant in variants_of('ResNet'):
        run_config(base, AblationRun(variant, 0, tmp_path), tmp_path, num_classes=2, epochs=1)
    assert base.to_dict() == Config.fromfile(CONFIG).to_dict()


def test_data_is_described_or_asked_for(tmp_path):
    described = describe_data(make_data(tmp_path / 'data'))
    assert described == dict(train_clips=40, classes=5)
    with pytest.raises(UserError, match=r'no data set in .*make_demo_data\.py --out'):
        describe_data(tmp_path)


def test_a_run_of_another_recipe_or_other_clips_is_not_gone_on_with(tmp_path):
    data = make_data(tmp_path / 'data')
    run = AblationRun('tin', 3, tmp_path / 'work')
    cfg = config_of('tin', tmp_path)
    require_same(run, cfg)  # nothing is there
    run.folder.mkdir(parents=True)
    run.identity_file.write_text(json.dumps(identity(cfg)))
    run.result_file.write_text('{}')
    require_same(run, cfg)

    faster = config_of('tin', tmp_path)
    faster.optim_wrapper.optimizer.lr *= 2
    with pytest.raises(UserError, match='holds a run with other settings; remove that folder, or choose'):
        require_same(run, faster)
    (data / 'val.txt').write_text('another line\n' * 8)
    with pytest.raises(UserError, match='holds a run with other clips; remove'):
        require_same(run, cfg)
    run.identity_file.unlink()
    with pytest.raises(UserError, match='other settings and clips'):
        require_same(run, cfg)
