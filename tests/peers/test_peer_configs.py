"""The experiments with networks of other papers are what their names say, and run on small clips."""

import pickle

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.datasets.preparing.flow import FlowOf, fault_of_flow
from mmtin.datasets.preparing.prepare import prepare
from tests.configs.experiments import CONFIGS, PEERS, small
from tests.datasets.owner_files import make
from tests.tools.in_process import run_here

NAMES = sorted(path.stem for path in CONFIGS.glob('*.py') if PEERS.fullmatch(path.stem))
# Backbone and head by the first two parts of the name.
NETWORKS = {
    'tsn_bninception': ('BNInception', 'TSMHead'),
    'trn_bninception': ('BNInception', 'TRNHead'),
    'trn_r50': ('ResNet', 'TRNHead'),
    'eco_bninception': ('ECO', 'ECOHead'),
    'ecolite_bninception': ('ECO', 'ECOHead'),
    'i3d_r50': ('ResNet3d', 'I3DHead'),
}
# One of those that differ in the number of frames alone is trained.
ALIKE = {
    'eco_bninception_16f_sthv1',
    *(f'ecolite_bninception_{t}f_{stream}sthv1' for t in (20, 24, 32) for stream in ('', 'flow_')),
}
TRAINED = [name for name in NAMES if name not in ALIKE]


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    """A folder with both data sets in miniature under data/, flow and boxes for the frames of the first."""
    root = tmp_path_factory.mktemp('peers')
    for data in ('sthv1', 'sthv2'):
        owner = make(data, root / 'owner' / data)
        prepare(data, owner.annotations, owner.media, root / 'data' / data)
    for clip in (root / 'data/sthv1/media').iterdir():
        assert fault_of_flow(FlowOf(clip, root / 'data/sthv1/flow' / clip.name, 10, 'dis')) is None
    lists = [f'data/sthv2/{name}.txt' for name in ('train', 'val')]
    flow = '--media', 'data/sthv2/media', '--out', 'data/sthv2/flow', '--method', 'dis'
    assert run_here('extract_flow', *lists, *flow, cwd=root).returncode == 0
    rng = np.random.default_rng(0)
    boxes = {
        f'{folder.name},{frame}': np.sort(rng.random((12, 2, 2)), 1).reshape(12, 4)
        for folder in (root / 'data/sthv1/media').iterdir()
        for frame in range(1, 11)
    }
    (root / 'data/sthv1/proposals.pkl').write_bytes(pickle.dumps(boxes))
    return root


def parts(name: str) -> tuple[str, int, str]:
    """Model and backbone, frames and data set."""
    model, backbone, *others, data = name.split('_')
    frames = next((int(part[:-1]) for part in others if part[:-1].isdigit()), 8)
    return f'{model}_{backbone}', frames, data


@pytest.mark.parametrize('name', NAMES)
def test_config_is_what_its_name_says(name):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    network, frames, data = parts(name)
    backbone, head = cfg.model.backbone, cfg.model.cls_head
    expected = NETWORKS[network] if '_gcn_' not in name else ('ResNet3d', 'RegionGraphHead')
    assert (backbone.type, head.type) == expected
    assert (
        cfg.num_segments
        == frames
        == backbone.get('num_segments', frames)
        == head.get('num_segments', frames)
    )
    assert backbone.get('lite', False) == name.startswith('ecolite') and head.num_classes == 174
    assert bool(backbone.get('non_local')) == ('_nl_' in name or '_gcn_' in name)

    train = cfg.train_dataloader.dataset
    whole = network == 'i3d_r50'
    for pipeline in (train.pipeline, *cfg.test_protocols.values()):
        (sampling,) = (step for step in pipeline if 'Sample' in step.type)
        assert (sampling.clip_len if whole else sampling.num_clips) == frames
        assert ('LoadRegionProposals' in [step.type for step in pipeline]) == ('_gcn_' in name)
    is_flow = '_flow_' in name
    protocols = {'1x1', '2x3', '10x1', *(() if is_flow else ('released',))}
    assert set(cfg.test_protocols) == ({'1x1', '2x1'} if whole else protocols)
    assert cfg.test_dataloader.dataset.pipeline == cfg.test_protocols['2x1' if whole else '1x1']
    lists = 'data/sthv2/flow' if is_flow and data == 'sthv2' else f'data/{data}'
    assert train.ann_file == f'{lists}/train.txt'
    assert bool(cfg.load_from) == whole == (not backbone.get('pretrained'))
    assert cfg.param_scheduler[-1].end == cfg.train_cfg.max_epochs
    # BNInception reads what Caffe read; fields of flow have no colours.
    assert cfg.model.data_preprocessor.get('to_rgb', False) == ('bninception' in network and not is_flow)
    channels = 10 if is_flow else 3
    assert backbone.get('in_channels', 3) == len(cfg.model.data_preprocessor.mean) == channels
    assert train.get('modality', 'RGB') == ('Flow' if is_flow else 'RGB')


@pytest.mark.parametrize('name', TRAINED)
def test_two_iterations_and_a_test(name, prepared, tmp_path, monkeypatch):
    monkeypatch.chdir(prepared)
    cfg = small(Config.fromfile(CONFIGS / f'{name}.py'), tmp_path)
    runner = Runner.from_cfg(cfg)
    _, frames, _ = parts(name)
    inputs = runner.train_dataloader.dataset[0]['inputs']
    channels = 10 if '_flow_' in name else 3
    assert inputs.shape == ((1, 3, 32, 32, 32) if name.startswith('i3d') else (frames, channels, 32, 32))
    runner.train()
    assert runner.iter == 2
    metrics = runner.test()
    assert set(metrics) == {'acc/top1', 'acc/top5', 'acc/mean1'}
    assert all(0 <= value <= 1 for value in metrics.values())
