"""Every experiment is what its name says and runs on data in its owner's format."""

import numpy as np
import pytest
from mmengine.runner import Runner

from mmtin.config import choose_test_protocol
from mmtin.datasets.preparing.flow import FlowOf, fault_of_flow
from mmtin.datasets.preparing.prepare import prepare
from tests.configs.experiments import CONFIGS, EXPERIMENTS, small
from tests.datasets.owner_files import make

ALL = pytest.mark.parametrize('experiment', EXPERIMENTS, ids=lambda experiment: experiment.name)


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    """A folder with every data set in miniature under data/, written by the preparation tool's code."""
    root = tmp_path_factory.mktemp('experiments')
    for data in sorted({experiment.data for experiment in EXPERIMENTS}):
        owner = make(data, root / 'owner' / data)
        for split in sorted({e.split for e in EXPERIMENTS if e.data == data and e.split} or {1}):
            prepare(data, owner.annotations, owner.media, root / 'data' / data, split=split)
    frames = root / 'data/sthv1/media'
    for clip in frames.iterdir():
        assert fault_of_flow(FlowOf(clip, root / 'data/sthv1/flow' / clip.name, 10, 'dis')) is None
    return root


def steps(pipeline, kind):
    return [step for step in pipeline if step.type == kind]


@ALL
def test_config_is_what_its_name_says(experiment):
    cfg = experiment.load()
    backbone, head = cfg.model.backbone, cfg.model.cls_head
    assert (backbone.type, backbone.depth) == (experiment.backbone, experiment.depth)
    if experiment.backbone == 'TINResNet':
        assert (backbone.groups, backbone.reverse) == (experiment.groups, experiment.reverse)
        assert backbone.get('causal', False) == experiment.is_causal
        assert backbone.get('max_offset') == (2.0 if experiment.is_released else None)
        assert backbone.get('initial_offset') == (0.5 if experiment.is_released else None)
    if experiment.backbone != 'ResNet':
        assert backbone.num_segments == experiment.num_segments
    assert (head.num_segments, head.num_classes) == (experiment.num_segments, cfg.num_classes)
    assert head.get('multi_class', False) == experiment.is_multi_label

    train = cfg.train_dataloader.dataset.pipeline
    released = set() if experiment.variant == 'flow' else {'released'}
    assert set(cfg.test_protocols) == {'1x1', '2x3', '10x1'} | released
    pipelines = [train, cfg.val_dataloader.dataset.pipeline, *cfg.test_protocols.values()]
    for pipeline in pipelines:
        (sampling,) = [step for step in pipeline if 'SampleFrames' in step.type]
        assert sampling.num_clips == experiment.num_segments
        assert sampling.get('test_mode', False) == (pipeline is not train)
    assert cfg.test_dataloader.dataset.pipeline == cfg.test_protocols[cfg.test_protocol]
    assert cfg.test_protocol == ('released' if experiment.variant == 'authors' else '1x1')

    aware, blind = steps(train, 'FlipWithLabel'), steps(train, 'Flip')
    assert len(aware) == (experiment.is_direction_sensitive and not experiment.is_released)
    assert len(blind) == (not experiment.is_direction_sensitive)
    for step in aware:
        assert step.labels == f'data/{experiment.data}/labels.txt'

    assert cfg.param_scheduler[-1].end == cfg.train_cfg.max_epochs
    assert cfg.auto_scale_lr.base_batch_size == 48

    frozen = backbone.get('norm_eval', False)
    assert frozen == (experiment.kinetics is not None) == (not backbone.get('pretrained'))
    assert cfg.load_from == (experiment.kinetics and cfg.kinetics_weights[experiment.kinetics])
    folder = f'data/{experiment.data}' + (f'/split{experiment.split}' if experiment.split else '')
    assert cfg.train_dataloader.dataset.ann_file == f'{folder}/train.txt'
    assert (
        cfg.val_dataloader.dataset.ann_file == cfg.test_dataloader.dataset.ann_file == f'{folder}/val.txt'
    )


@ALL
def test_two_iterations_and_a_test(experiment, prepared, tmp_path, monkeypatch):
    monkeypatch.chdir(prepared)
    cfg = small(experiment.load(), tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 2
    metrics = runner.test()
    expected = {'acc/mmit_mean_average_precision', 'acc/mean_average_precision'}
    expected = expected if experiment.is_multi_label else {'acc/top1', 'acc/top5', 'acc/mean1'}
    assert set(metrics) == expected
    assert all(0 <= value <= 1 for value in metrics.values())


@pytest.mark.parametrize('protocol, views', [('1x1', 1), ('2x3', 6), ('10x1', 10), ('released', 1)])
@pytest.mark.parametrize('data', ['sthv1', 'ucf101'])
def test_protocols_score_their_number_of_views_and_are_deterministic(
    data, protocol, views, prepared, tmp_path, monkeypatch
):
    monkeypatch.chdir(prepared)
    (experiment,) = [e for e in EXPERIMENTS if e.name == f'tin_r50_{data}']
    cfg = small(experiment.load(), tmp_path)
    cfg.test_protocol = protocol
    choose_test_protocol(cfg)
    cfg.model.backbone.depth, cfg.model.cls_head.in_channels = 18, 512
    runner = Runner.from_cfg(cfg)
    first, again = (next(iter(runner.test_dataloader)) for _ in range(2))
    assert first['inputs'][0].shape[0] == views * experiment.num_segments
    np.testing.assert_array_equal(first['inputs'][0], again['inputs'][0])
    assert runner.test().keys() == {'acc/top1', 'acc/top5', 'acc/mean1'}
