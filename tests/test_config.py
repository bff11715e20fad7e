"""Swapped backbones, and the same number of frames in pipelines and backbone."""

from pathlib import Path

import mmaction
import pytest
from mmengine.config import Config

from mmtin.config import (
    choose_test_protocol,
    find_config,
    match_num_segments,
    refuse_late_options,
    stated_num_segments,
    type_name,
)
from mmtin.errors import UserError
from tests.configs.experiments import CONFIGS

C2D = Path(mmaction.__path__[0], '.mim/configs/recognition/c2d')


def make_config(backbone: dict, train: list, test: list) -> Config:
    return Config(
        dict(
            model=dict(type='Recognizer2D', backbone=backbone),
            train_dataloader=dict(dataset=dict(pipeline=train)),
            val_dataloader=dict(dataset=dict(pipeline=test)),
            test_dataloader=dict(dataset=dict(type='ConcatDataset', datasets=[dict(pipeline=test)])),
        )
    )


def sample(num_clips: int, clip_len: int = 1, kind: str = 'SampleFrames') -> dict:
    return dict(type=kind, clip_len=clip_len, num_clips=num_clips)


def test_num_clips(cfg: Config) -> list[int]:
    return [
        cfg.val_dataloader.dataset.pipeline[0].num_clips,
        cfg.test_dataloader.dataset.datasets[0].pipeline[0].num_clips,
    ]


test_num_clips.__test__ = False


@pytest.mark.parametrize('kind', ['SampleFrames', 'DenseSampleFrames', 'mmaction.SampleFrames'])
def test_backbone_gets_the_frames_of_the_pipeline(kind):
    cfg = make_config(
        dict(type='mmtin.TINResNet', depth=50), [sample(3, kind=kind)], [sample(25, kind=kind)]
    )
    match_num_segments(cfg)
    assert cfg.model.backbone.num_segments == 3
    assert test_num_clips(cfg) == [3, 3]


@pytest.mark.parametrize('backbone', ['mmtin.TINResNet', 'RTCNResNet'])
@pytest.mark.parametrize('config', sorted(C2D.glob('*-pre_8*.py')), ids=lambda path: path.stem)
def test_stock_config_of_a_3d_recognizer_is_refused(config, backbone):
    cfg = Config.fromfile(config)
    cfg.merge_from_dict({'model.backbone.type': backbone})
    with pytest.raises(
        UserError, match=r'ResNet takes frames.* Recognizer3D .* Recognizer2D, such as'
    ) as caught:
        match_num_segments(cfg)
    assert '\n' not in str(caught.value)


def test_config_of_a_3d_recognizer_is_refused_without_training_data():
    model = dict(type='mmaction.Recognizer3D', backbone=dict(type='TINResNet', depth=50))
    with pytest.raises(UserError, match='takes frames'):
        match_num_segments(Config(dict(model=model)))


def test_clips_of_consecutive_frames_may_be_many_at_test_time():
    cfg = make_config(dict(type='TINResNet', depth=50), [sample(1, clip_len=8)], [sample(10, clip_len=8)])
    match_num_segments(cfg)
    assert cfg.model.backbone.num_segments == 8
    assert test_num_clips(cfg) == [10, 10]


def test_stacked_flow_counts_segments_not_fields():
    flow = dict(type='FormatShape', input_format='NCHW_Flow')
    cfg = make_config(
        dict(type='TINResNet', depth=50), [sample(3, clip_len=5), flow], [sample(25, clip_len=5), flow]
    )
    match_num_segments(cfg)
    assert cfg.model.backbone.num_segments == 3
    assert test_num_clips(cfg) == [3, 3]


def test_disagreement_is_an_error():
    cfg = make_config(dict(type='TINResNet', depth=50, num_segments=8), [sample(16)], [sample(16)])
    with pytest.raises(UserError, match='num_segments=8, but the training pipeline samples 16'):
        match_num_segments(cfg)


def test_other_backbones_are_left_alone():
    cfg = make_config(dict(type='ResNet', depth=50), [sample(3)], [sample(25)])
    before = cfg.to_dict()
    match_num_segments(cfg)
    assert cfg.to_dict() == before


def test_config_without_training_data_is_left_alone():
    cfg = Config(dict(model=dict(backbone=dict(type='TINResNet', depth=50))))
    match_num_segments(cfg)
    assert 'num_segments' not in cfg.model.backbone


def test_head_must_agree_too():
    cfg = make_config(dict(type='TINResNet', depth=50), [sample(8)], [sample(8)])
    cfg.model.cls_head = dict(type='TSMHead', num_segments=16)
    with pytest.raises(UserError, match=r'model\.cls_head\.num_segments=16, but .* samples 8'):
        match_num_segments(cfg)


@pytest.mark.parametrize('name', ['num_segments', 'split', 'data_root'])
def test_options_that_come_too_late_are_refused(name):
    cfg = Config(dict(num_segments=8, split=1, data_root='data', model={}))
    with pytest.raises(UserError, match=f'--cfg-options {name}=... would change nothing'):
        refuse_late_options(cfg, [name])


@pytest.mark.parametrize(
    'name, meant',
    [
        ('max_epoch', 'train_cfg.max_epochs'),
        ('modle.backbone.depth', 'model'),
        ('test_protcl', 'test_protocol'),
        ('num_class', 'model.cls_head.num_classes'),
    ],
)
def test_names_that_no_config_has_are_refused(name, meant):
    cfg = Config.fromfile(CONFIGS / 'tin_r50_ucf101.py')
    with pytest.raises(UserError) as caught:
        refuse_late_options(cfg, [name])
    entry = name.partition('.')[0]
    assert str(caught.value) == (
        f'--cfg-options {name}=... would change nothing: no config has an entry {entry}; '
        f'do you mean {meant}?'
    )


def test_options_that_count_are_accepted():
    cfg = Config(dict(model={}, load_from=None, test_protocol='1x1', test_protocols={}))
    refuse_late_options(cfg, ['model.backbone.depth', 'load_from', 'test_protocol', 'resume', 'model'])


def test_protocols_are_chosen_by_name():
    cfg = Config(dict(test_protocol='2x3', test_protocols={'1x1': [1], '2x3': [2]}))
    cfg.test_dataloader = dict(dataset=dict(pipeline=[1]))
    choose_test_protocol(cfg)
    assert cfg.test_dataloader.dataset.pipeline == [2]
    cfg.test_protocol = '3x3'
    with pytest.raises(UserError, match="must be one of 1x1, 2x3, got '3x3'"):
        choose_test_protocol(cfg)
    with pytest.raises(UserError, match='no test_protocols'):
        refuse_late_options(Config(dict(model={})), ['test_protocol'])


@pytest.mark.parametrize(
    'kind, name',
    [('ResNet', 'ResNet'), ('mmaction.ResNet', 'ResNet'), (Config, 'Config'), (None, '')],
    ids=['name', 'scope', 'class', 'none'],
)
def test_name_of_a_type(kind, name):
    assert type_name(dict(type=kind)) == name
    assert type_name({}) == ''


def test_frames_of_a_clip_are_those_of_backbone_or_head():
    assert stated_num_segments(Config(dict(model=dict(backbone=dict(num_segments=8), cls_head=None)))) == 8
    assert stated_num_segments(Config(dict(model=dict(cls_head=dict(num_segments=16))))) == 16
    assert stated_num_segments(Config(dict(model=dict(backbone=dict(depth=50))))) is None


def test_a_config_is_found_by_its_path_or_as_mim_names_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / 'tin_r50_sthv2.py'
    own.write_text('')
    assert find_config(own) == str(own)
    assert find_config('tin_r50_sthv2.py') == 'tin_r50_sthv2.py', 'what is here comes first'
    for name in ('tin_r50_sthv1.py', 'mmtin::tin_r50_sthv1.py'):
        assert Config.fromfile(find_config(name)).model.backbone.type == 'TINResNet'
    for name, sentence in (
        ('folder/tin_r50_sthv1.py', 'no config at folder/tin_r50_sthv1.py; check the path'),
        ('tin_r50_sthv.py', r'no config at tin_r50_sthv.py, and .*do you mean mmtin::tin_r50_sthv\d.py'),
    ):
        with pytest.raises(UserError, match=sentence):
            find_config(name)
