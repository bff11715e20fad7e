"""Plans, settings and configs of an ablation's runs."""

import json
from pathlib import Path

import pytest
from mmaction.models.backbones.resnet_tsm import TemporalShift
from mmaction.registry import MODELS
from mmengine.config import Config

from mmtin.ablation.runs import (
    claim,
    describe_data,
    identity,
    num_parameters,
    num_steps,
    plan,
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
    (run,) = plan(tmp_path / 'work', [variant], [seed])
    return run_config(Config.fromfile(config), run, tmp_path / 'data', num_classes=5, epochs=7)


def test_seed_by_seed(tmp_path):
    runs = plan(tmp_path, ['tin', 'tsm'], [0, 1])
    assert [(run.variant, run.seed) for run in runs] == [('tin', 0), ('tsm', 0), ('tin', 1), ('tsm', 1)]
    assert len({run.folder for run in runs}) == 4


@pytest.mark.parametrize('variant', variants_of('ResNet'))
def test_only_backbones_differ(variant, tmp_path):
    cfg, tin = config_of(variant, tmp_path), config_of('tin', tmp_path)
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
    for cell in cells([name], variants=variants_of(SETS[name].trunk), seeds=[0]):
        (run,) = plan(Path('work'), [cell.variant], [0])
        cfg = run_config(base, run, Path('data'), 5, 1, cell.frames)
        assert num_parameters(cfg) > 2e6, cell


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
    for run in plan(tmp_path, variants_of('ResNet'), [0]):
        run_config(base, run, tmp_path, num_classes=2, epochs=1)
    assert base.to_dict() == Config.fromfile(CONFIG).to_dict()


def test_data_is_described_or_asked_for(tmp_path):
    described = describe_data(make_data(tmp_path / 'data'))
    assert described == dict(train_clips=40, val_clips=8, classes=5, made={})
    with pytest.raises(UserError, match=r'no data set in .*make_demo_data\.py --out'):
        describe_data(tmp_path)


def test_settings_are_those_of_all_runs(tmp_path):
    claim(tmp_path / 'work', dict(epochs=3))
    claim(tmp_path / 'work', dict(epochs=3))
    with pytest.raises(UserError, match=r'other settings \(epochs 3 -> 4\); choose another --work-dir'):
        claim(tmp_path / 'work', dict(epochs=4))
    assert json.loads((tmp_path / 'work/ablation.json').read_text()) == dict(epochs=3)


def test_other_peoples_folders_are_left_alone(tmp_path):
    (tmp_path / 'thesis.txt').write_text('all of it')
    with pytest.raises(UserError, match='holds something else than an ablation'):
        claim(tmp_path, dict(epochs=3))
    with pytest.raises(UserError, match='holds something else than an ablation'):
        claim(tmp_path / 'thesis.txt', dict(epochs=3))


def test_a_run_of_another_recipe_or_other_clips_is_not_gone_on_with(tmp_path):
    data = make_data(tmp_path / 'data')
    (run,) = plan(tmp_path / 'work', ['tin'], [3])
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
