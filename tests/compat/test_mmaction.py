"""The remedies for MMAction2: each works, and is applied only where its fault is present."""

import importlib.util
import itertools
import subprocess
import sys
import types

import mmcv
import numpy as np
import pytest
import torch
from mmaction.evaluation.functional import multisports_utils
from mmaction.evaluation.metrics import MultiSportsMetric
from mmaction.models.backbones.resnet_tsm import TemporalShift
from mmaction.registry import MODELS
from mmengine import dump

from mmtin.compat import mmaction as compat


def import_anew(monkeypatch):
    """Import mmaction and mmdet as if they had not been imported yet."""
    for name in ('mmaction', 'mmdet'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    importlib.import_module('mmaction')
    importlib.import_module('mmdet')


@pytest.mark.parametrize('version', ['2.2.0', '2.3.6'])
def test_newer_mmcv_is_accepted(monkeypatch, version):
    monkeypatch.setattr(mmcv, '__version__', version)
    with pytest.raises(AssertionError, match='used but incompatible'):
        import_anew(monkeypatch)
    for name in ('mmaction', 'mmdet'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    compat.accept_newer_mmcv()
    assert {'mmaction', 'mmdet'} <= sys.modules.keys() and mmcv.__version__ == version


@pytest.mark.parametrize('place', ['block', 'blockres'])
@pytest.mark.parametrize('stages', [2, 3, 4])
def test_tsm_with_fewer_stages(place, stages):
    fewer = dict(num_stages=stages, out_indices=(stages - 1,), strides=(1, 2, 2, 2)[:stages])
    tsm = MODELS.build(
        dict(
            type='ResNetTSM', depth=18, num_segments=4, shift_place=place, dilations=(1,) * stages, **fewer
        )
    )
    features = tsm(torch.zeros(4, 3, 32, 32))
    assert features.shape[:2] == (4, 2 ** (stages + 5))
    assert sum(isinstance(module, TemporalShift) for module in tsm.modules()) == 2 * stages
    assert not [name for name, _ in tsm.named_children() if name > f'layer{stages}' and 'layer' in name]


def test_scipy_stats_comes_when_it_is_called():
    """mmdet, where it is whole, imports it by itself."""
    script = """
import sys
import traceback

class Watch:
    def find_spec(name, path=None, target=None):
        if name == 'scipy.stats':
            assert 'pose_transforms' not in ' '.join(frame.filename for frame in traceback.extract_stack())

sys.meta_path.insert(0, Watch)
import mmtin
from mmaction.datasets.transforms import pose_transforms
sys.meta_path.remove(Watch)
assert pose_transforms.mode([1, 2, 2]).mode == 2
import scipy.stats
assert scipy.stats.norm.cdf(0) == 0.5
"""
    subprocess.run([sys.executable, '-c', script], check=True)


def test_metric_of_multisports(tmp_path):
    """One of two actions is found, most of it; tubes of boxes are compared for it."""
    frames = np.arange(1, 21)

    def tube(x):
        return np.stack(np.broadcast_arrays(frames, x, 10, x + 20, 40), -1).astype(float)

    truth = dict(
        test_videos=[['v']], nframes=dict(v=20), labels=['jump'], resolution=dict(v=(100, 100)),
        gttubes=dict(v={0: [tube(10)[4:], tube(70)]}),
    )  # fmt: skip
    dump(truth, str(tmp_path / 'truth.pkl'))
    metric = MultiSportsMetric(str(tmp_path / 'truth.pkl'), verbose=False)
    for frame in frames:
        found = dict(bboxes=torch.tensor([[0.1, 0.1, 0.3, 0.4]]), scores=torch.tensor([[0.9]]))
        metric.process(None, [dict(video_id='v.mp4', timestamp=int(frame), pred_instances=found)])
    scores = metric.evaluate(len(frames))
    # 16 of 20 frames: an overlap in time of 15 / 19, enough for thresholds up to 0.75.
    assert scores['mAP/v_map@0.2'] == scores['mAP/v_map@0.5'] == 50
    assert scores['mAP/v_map_0.50:0.95'] == pytest.approx(50 * 6 / 10)


@pytest.mark.parametrize('spatial, temporal', [*itertools.product([False, True], repeat=2)])
def test_tubes_overlap_in_time_and_space(spatial, temporal):
    boxes = np.array([[t, 0, 0, 10, 10] for t in range(1, 11)], float)
    moved = boxes + np.array([3, 0, 5, 0, 5])  # 7 of 13 frames in common, a third of the area
    overlap = multisports_utils.iou3dt_voc(boxes, moved, spatial, temporal)
    in_time, in_space = 6 / 12, 1 / 3
    expected = in_time if temporal else in_space if spatial else in_time * in_space
    assert overlap == pytest.approx(expected)
    assert multisports_utils.iou3dt_voc(boxes, boxes + np.array([10, 0, 0, 0, 0])) == 0


def test_tubes_that_overlap_already_are_left_alone(monkeypatch):
    def mended(b1, b2):
        return 1.0

    monkeypatch.setattr(multisports_utils, 'iou3dt_voc', mended)
    compat.overlap_tubes_on_numpy_2()
    assert multisports_utils.iou3dt_voc is mended


def test_a_whole_mmaction2_is_left_alone(monkeypatch, tmp_path):
    (tmp_path / 'models/localizers/drn').mkdir(parents=True)
    spec = types.SimpleNamespace(origin=str(tmp_path / '__init__.py'))
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: spec)
    monkeypatch.delitem(sys.modules, 'mmaction.models.localizers.drn')
    compat.provide_missing_drn()
    assert 'mmaction.models.localizers.drn' not in sys.modules
