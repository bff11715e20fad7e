"""Counting, timing and weighing recognizers."""

import pytest
import torch
from mmaction.datasets.transforms import TenCrop
from mmaction.registry import MODELS
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config

from mmtin.config import choose_test_protocol
from mmtin.errors import UserError
from mmtin.leaderboard.costs import count, installed_config, pipeline_subject, subject, time
from mmtin.leaderboard.published import read_publication

# Models of Table 1 whose parameters are those published once the head has 400 classes.
ALIKE = (
    'tsn_bninception_sthv1',
    'tsn_r50_sthv1',
    'eco_bninception_sthv1',
    'i3d_r50_32f_sthv1',
    'tsm_r50_sthv1',
)
I3D = 'recognition/i3d/i3d_imagenet-pretrained-r50_8xb8-32x2x1-100e_kinetics400-rgb.py'


@pytest.fixture
def demo():
    """TSN R18 on 8 frames of 32 pixels."""
    return installed_config('mmtin', 'tsn_r18_demo.py')


def test_multiply_adds_and_parameters_are_mmengines(demo):
    case = pipeline_subject(demo)
    model = MODELS.build(demo.model).eval()
    analyzer = FlopAnalyzer(model.backbone, torch.zeros(case.shape[1:]))
    expected = analyzer.by_operator()['conv'] + 8 * 256 * 8  # and the classifier of each frame
    cost = count({'tsn': case})['tsn']
    assert cost['gflops'] * 1e9 == pytest.approx(expected)
    assert cost['mparams'] * 1e6 == sum(parameter.numel() for parameter in model.parameters())


def test_interlacing_adds_little_to_tsn():
    builds = {name: build.subject() for name, build in read_publication().builds().items()}
    costs = count({name: builds[f'{name}_r50_sthv1'] for name in ('tsn', 'tsm', 'tin')})
    added = costs['tin']['gflops'] - costs['tsn']['gflops']
    assert 0 < added < 0.5
    assert costs['tin']['mparams'] - costs['tsn']['mparams'] == pytest.approx(0.031008)
    assert costs['tsm'] == costs['tsn']


def test_published_parameters_are_those_of_400_classes():
    """What the note in published.yml says, of all that it does not except."""
    builds = {name: build.subject() for name, build in read_publication().builds().items()}
    chosen = {name: builds[name] for name in ALIKE}
    for case in chosen.values():
        case.cfg.model.cls_head.num_classes = 400
    counted = {name: round(cost['mparams'], 1) for name, cost in count(chosen).items()}
    assert counted == {model.id: model.mparams for model in read_publication().models if model.id in chosen}


@pytest.mark.parametrize(
    'package, name, options, shape',
    [
        ('mmtin', 'tin_r18_demo.py', {}, (1, 8, 3, 32, 32)),
        ('mmtin', 'tin_r50_16f_sthv1.py', {}, (1, 16, 3, 224, 224)),
        ('mmtin', 'tin_r50_sthv1.py', {'test_protocol': '2x3'}, (1, 8 * 2 * 3, 3, 256, 256)),
        ('mmtin', 'tin_r50_sthv1.py', {'test_protocol': '10x1'}, (1, 8 * 10, 3, 224, 224)),
        ('mmaction', I3D, {}, (1, 10 * 3, 3, 32, 256, 256)),
    ],
    ids=['resize', 'centre crop', 'twice, three crops', 'dense', '3D'],
)
def test_input_is_what_the_test_pipeline_makes(package, name, options, shape):
    cfg = installed_config(package, name)
    cfg.merge_from_dict(options)
    choose_test_protocol(cfg)
    assert pipeline_subject(cfg).shape == shape


def test_input_does_not_hang_on_the_names_of_steps(demo):
    pipeline = demo.test_dataloader.dataset.pipeline
    crops = next(place for place, step in enumerate(pipeline) if step.type == 'FormatShape')
    pipeline.insert(crops, dict(type=TenCrop, crop_size=32))
    assert pipeline_subject(demo).shape == (1, 8 * 10, 3, 32, 32)


def test_pipeline_that_says_no_size_is_one_sentence(demo):
    pipeline = demo.test_dataloader.dataset.pipeline
    demo.test_dataloader.dataset.pipeline = [step for step in pipeline if step.type != 'Resize']
    with pytest.raises(UserError, match=r'frames of what size .* a dump'):
        pipeline_subject(demo)


def test_time_and_memory_of_each_subject(demo):
    other = Config(demo.to_dict())
    other.model.backbone.depth = 34
    rounds = []
    costs = time(
        {'r18': subject(demo, 8, (32, 32)), 'r34': subject(other, 8, (32, 32))},
        'cpu',
        repeats=2,
        track=lambda turns: rounds.extend(turns) or turns,
    )
    assert len(rounds) == 3
    assert all(
        0 < cost['latency_lower'] <= cost['latency'] <= cost['latency_upper'] for cost in costs.values()
    )
    # At least the float32 weights, of 2.8 and 8.2 million parameters.
    assert 11 < costs['r18']['memory'] < 27
    assert 32 < costs['r34']['memory'] < 49
