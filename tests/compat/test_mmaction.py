"""The remedies for MMAction2: each works, and is applied only where its fault is present."""

import importlib.util
import itertools
import subprocess
import sys
import types
from pathlib import Path

import cv2
import mmaction
import mmcv
import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import ArrayDecode, ColorJitter, Flip
from mmaction.evaluation.functional import multisports_utils
from mmaction.evaluation.metrics import MultiSportsMetric
from mmaction.models.backbones.resnet_tsm import TemporalShift
from mmaction.registry import MODELS
from mmengine import dump
from mmengine.config import Config
from mmengine.dataset import Compose

from mmtin.compat import mmaction as compat
from tests.datasets.video.video_files import SMALL, read_all


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


TPN = Path(mmaction.__path__[0], '.mim/configs/recognition/tpn')


@pytest.fixture(scope='module')
def frame_dir(tmp_path_factory):
    """The frames of a real video as Something-Something has them."""
    folder = tmp_path_factory.mktemp('frames')
    for number, frame in enumerate(read_all(SMALL.read_bytes()), 1):
        cv2.imwrite(str(folder / f'{number:05}.jpg'), frame[..., ::-1])
    return folder


@pytest.mark.parametrize(
    'config',
    [
        'tpn-tsm_imagenet-pretrained-r50_8xb8-1x1x8-150e_sthv1-rgb.py',
        'tpn-slowonly_r50_8xb8-8x8x1-150e_kinetics400-rgb.py',
    ],
)
def test_stock_configs_of_tpn_load_training_clips(config, frame_dir):
    """On numpy 2, MMAction2 alone fails on every second clip."""
    sample = dict(frame_dir=str(frame_dir), total_frames=len(list(frame_dir.iterdir())))
    sample |= dict(filename=str(SMALL), label=0, modality='RGB', start_index=0, filename_tmpl='{:05}.jpg')
    sample |= dict(start_index=1) if 'sthv1' in config else {}
    np.random.seed(0)
    load = Compose(Config.fromfile(TPN / config).train_pipeline)
    for _ in range(20):
        assert load(dict(sample))['inputs'].shape[-2:] == (224, 224)


@pytest.mark.parametrize('factor', [-0.3, -0.1, -0.06, 0.0, 0.1, 0.3])
def test_hue_turns_round_the_colour_wheel(factor):
    hsv = np.stack(np.broadcast_arrays(np.arange(180), [[255]], [[255]]), -1).astype(np.uint8)
    image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    hues = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[..., 0].ravel().tolist()
    turned = hsv.copy()
    turned[..., 0] = [(hue + int(factor * 255)) % 180 for hue in hues]
    adjusted = ColorJitter.adjust_hue(image.astype(np.float32), factor)
    assert adjusted.dtype == np.float32
    assert (adjusted == cv2.cvtColor(turned, cv2.COLOR_HSV2RGB)).all()


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


def test_hue_that_turns_already_is_left_alone(monkeypatch):
    mended = staticmethod(lambda img, factor: img)
    monkeypatch.setattr(ColorJitter, 'adjust_hue', mended)
    compat.jitter_hue_on_numpy_2()
    assert ColorJitter.__dict__['adjust_hue'] is mended


@pytest.fixture
def flow_dir(tmp_path):
    """Flow of six frames as TSN's convention has it, of something that goes right and down."""
    for number in range(1, 7):
        for name, value in (('x', 160 + number), ('y', 150)):
            field = np.full((32, 48), 128, np.uint8)
            field[8:16, 8:16] = value
            cv2.imwrite(str(tmp_path / f'flow_{name}_{number:05}.png'), field)
    return tmp_path


def test_mirrored_flow_goes_the_other_way(flow_dir):
    """MMAction2 alone inverts both fields of every second frame, so that what goes down goes up."""
    load = Compose(
        [
            dict(type='SampleFrames', clip_len=5, frame_interval=1, num_clips=1, test_mode=True),
            dict(type='RawFrameDecode'),
            dict(type='Flip', flip_ratio=1),
            dict(type='FormatShape', input_format='NCHW'),
            dict(type='PackActionInputs'),
        ]
    )
    flow = load(
        dict(
            frame_dir=str(flow_dir), total_frames=6, start_index=1, modality='Flow', label=0,
            filename_tmpl='flow_{}_{:05}.png',
        )
    )['inputs']  # fmt: skip
    assert flow.shape == (1, 10, 32, 48)
    moved, still = flow[0, :, 8:16, 32:40], flow[0, :, :, :32]
    assert [field.unique().tolist() for field in moved[0::2]] == [[255 - 160 - n] for n in range(1, 6)]
    assert moved[1::2].unique().tolist() == [150]
    assert still[0::2].unique().tolist() == [127] and still[1::2].unique().tolist() == [128]


def test_fields_that_take_turns_are_mirrored_as_they_were():
    fields = [np.array([[10, 20]], np.uint8), np.array([[30, 40]], np.uint8)]
    flipped = Flip(flip_ratio=1)._flip_imgs(fields, 'Flow')
    assert [field.tolist() for field in flipped] == [[[235, 245]], [[40, 30]]]


def test_flow_that_is_mirrored_already_is_left_alone(monkeypatch):
    def mended(self, imgs, modality):
        return [np.array([[[255, 0]]], np.uint8)] * 2

    monkeypatch.setattr(Flip, '_flip_imgs', mended)
    compat.invert_horizontal_flow_alone()
    assert Flip._flip_imgs is mended


def test_frames_of_arrays_are_their_own():
    """Those of one that comes twice, too."""
    array = np.array([[[[1, 1, 1], [2, 2, 2]]]] * 3, np.uint8)
    sample = dict(array=array.copy(), frame_inds=np.array([0, 2, 2]), modality='RGB')
    mirrored = Flip(flip_ratio=1)(ArrayDecode()(sample))
    assert [frame[0, :, 0].tolist() for frame in mirrored['imgs']] == [[2, 1]] * 3
    np.testing.assert_array_equal(sample['array'], array)


def test_array_decode_that_copies_is_left_alone(monkeypatch):
    def mended(self, results):
        return dict(imgs=[results['array'][0].copy()])

    monkeypatch.setattr(ArrayDecode, 'transform', mended)
    compat.copy_frames_of_arrays()
    assert ArrayDecode.transform is mended


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
