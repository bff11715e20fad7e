"""InterlacingHook in real runs: what it writes, and that it leaves other networks alone."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate

from mmtin.config import read_config
from mmtin.datasets.bad_clips import WrongPrediction
from mmtin.datasets.building import clips_dataset
from mmtin.interlacing import InterlacingHook
from mmtin.interlacing.record import latest_record
from mmtin.interlacing.recorder import interlacing_layers, load_tin
from mmtin.work_dirs import config_file, last_checkpoint
from tests.report.tiny_run import NUM_VAL, make_run, shared_run

LAYERS = [f'layer{stage}.{block}' for stage in range(1, 4) for block in range(2)]


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory):
    return shared_run(tmp_path_factory)


def predictions_by_hand(work_dir):
    """Offsets ``[N, G]`` and weights ``[N, T, G]`` of layer2.1 over the test set, clip by clip."""
    cfg = read_config(config_file(work_dir))
    model = load_tin(cfg, last_checkpoint(work_dir), 'cpu')
    layer = interlacing_layers(model)['layer2.1']
    outputs = {layer.offset_net: [], layer.weight_net: []}
    for net, kept in outputs.items():
        net.register_forward_hook(lambda _, __, output, kept=kept: kept.append(output))
    dataset = clips_dataset(cfg)
    with torch.inference_mode():
        for index in range(len(dataset)):
            model.test_step(pseudo_collate([dataset[index]]))
    return [torch.cat(kept).double().numpy() for kept in outputs.values()]


def test_record_is_what_the_layers_predict(work_dir):
    record = latest_record(work_dir)
    assert record.num_clips == NUM_VAL
    assert [layer.name for layer in record.layers] == LAYERS
    layer = record.layers[LAYERS.index('layer2.1')]
    assert (layer.max_offset, layer.reverse) == (2.0, True)
    for spread, values in zip((layer.offset, layer.weight), predictions_by_hand(work_dir)):
        for name in ('mean', 'std', 'min', 'max'):
            expected = getattr(np, name)(values, axis=0)
            np.testing.assert_allclose(getattr(spread, name), expected, atol=1e-5, err_msg=name)


def test_training_sends_scalars_to_the_visualizer(work_dir):
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    rows = [row for row in map(json.loads, path.read_text().splitlines()) if 'interlacing' in str(row)]
    assert [row['step'] for row in rows] == [2, 4]
    groups = [f'interlacing/{layer}/group{group}' for layer in LAYERS for group in (1, 2)]
    names = {f'{group}/offset_{what}' for group in groups for what in ('mean', 'std')}
    assert rows[0].keys() == names | {'step'}
    assert all(-2 < row[name] < 2 for row in rows for name in names)


def test_network_without_tin_layers_is_left_alone(tmp_path):
    backbone = dict(_delete_=True, type='ResNet', depth=18)
    options = {
        'model.backbone': backbone,
        'model.cls_head.in_channels': 512,
        'train_cfg.max_epochs': 1,
    }
    work_dir = make_run(tmp_path, **options)
    assert not list(work_dir.glob('*/interlacing.json'))
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    assert 'interlacing' not in path.read_text()


def tin(**options):
    return MODELS.build(dict(type='TINResNet', depth=18, num_segments=4, **options)).eval()


def runner_for(model, log_dir, iteration=0):
    """The part of a Runner that the hook asks, with two clips to test on."""
    loader = SimpleNamespace(dataset=[None, None])
    return SimpleNamespace(
        model=model, log_dir=str(log_dir), iter=iteration, val_dataloader=loader, test_dataloader=loader
    )


@torch.inference_mode()
def test_hook_listens_in_tests_only(tmp_path):
    model, hook = tin(), InterlacingHook()
    runner = runner_for(model, tmp_path)
    hook.before_test_epoch(runner)
    nets = [
        net for layer in interlacing_layers(model).values() for net in (layer.offset_net, layer.weight_net)
    ]
    assert all(net._forward_hooks for net in nets)
    model(torch.randn(8, 3, 32, 32))
    hook.after_test_iter(runner, 0, dict(inputs=[None, None]))
    hook.after_test_epoch(runner, {})
    assert not any(net._forward_hooks for net in nets)
    assert (tmp_path / 'interlacing.json').is_file()
    assert json.loads((tmp_path / 'interlacing.json').read_text())['num_clips'] == 2


@torch.inference_mode()
def test_black_frames_do_not_count(tmp_path):
    model, hook = tin(), InterlacingHook()
    for layer in interlacing_layers(model).values():
        torch.nn.init.normal_(layer.offset_net.fc2.weight)
    runner = runner_for(model, tmp_path)
    samples = [WrongPrediction(), ActionDataSample()]
    clips = torch.randn(16, 3, 32, 32)  # two views of each
    records = []
    for number, frames in ((2, clips), (1, clips[8:])):
        hook.before_test_epoch(runner)
        model(frames)
        hook.after_test_iter(runner, 0, dict(inputs=[None] * number, data_samples=samples[-number:]))
        hook.after_test_epoch(runner, {})
        records.append(json.loads((tmp_path / 'interlacing.json').read_text()))
    assert [record['num_clips'] for record in records] == [2, 2]
    first, second = ([layer['offset']['mean'] for layer in record['layers']] for record in records)
    np.testing.assert_allclose(first, second, atol=1e-5)


@torch.inference_mode()
def test_epoch_that_was_broken_off_does_not_count(tmp_path):
    model, hook = tin(), InterlacingHook()
    runner = runner_for(model, tmp_path)
    for _ in range(2):
        hook.before_val_epoch(runner)
        model(torch.randn(4, 3, 32, 32))
    hook.after_val_iter(runner, 0, dict(inputs=[None]))
    hook.after_val_epoch(runner, {})
    assert json.loads((tmp_path / 'interlacing.json').read_text())['num_clips'] == 1


def test_with_temporal_pooling(tmp_path):
    model, hook = tin(temporal_pool=True), InterlacingHook()
    runner = runner_for(model, tmp_path)
    hook.before_test_epoch(runner)
    with torch.inference_mode():
        model(torch.randn(8, 3, 32, 32))
    hook.after_test_iter(runner, 0, dict(inputs=[None, None]))
    hook.after_test_epoch(runner, {})
    frames = [
        len(layer['weight']['mean'])
        for layer in json.loads((tmp_path / 'interlacing.json').read_text())['layers']
    ]
    assert frames == [4, 4, 2, 2, 2, 2, 2, 2]
