"""The remedies for upstream faults: each works, does no more, and is absent where its fault is."""

import importlib.metadata
import itertools
import os
import pickle
import subprocess
import sys
import types
from pathlib import Path

import cv2
import mmaction
import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import ColorJitter
from mmaction.evaluation.functional import multisports_utils
from mmaction.evaluation.metrics import MultiSportsMetric
from mmengine import dump
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import checkpoint as mmengine_checkpoint

from mmtin import compat
from mmtin.errors import UserError
from tests.datasets.video.video_files import SMALL, read_all


def python(code):
    """Run ``code`` in a process where nothing is imported yet; return what it prints."""
    process = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_everything_imports_in_a_fresh_process():
    """Without mmtin, `import mmaction.models` fails with the wheel of PyPI."""
    output = python(
        'import mmtin, mmaction.models, mmaction.datasets, mmaction.evaluation, mmaction.utils\n'
        'import numpy as np\n'
        'from mmaction.models.localizers import DRN\n'
        'assert np.Inf == np.inf and np.in1d([1, 2], [2]).tolist() == [False, True]\n'
        'assert np.trapz([1, 1, 1]) == 2\n'
        'try:\n    DRN()\n'
        'except ImportError as error:\n    print(error)\n'
    )
    assert 'DRN localizer is missing from the mmaction2 wheel' in output and '2714' in output


def test_applying_twice_changes_nothing():
    before = sys.modules['mmaction.models.localizers.drn.drn']
    safe = set(torch.serialization.get_safe_globals())
    compat.apply()
    assert sys.modules['mmaction.models.localizers.drn.drn'] is before
    assert set(torch.serialization.get_safe_globals()) == safe


# Versions


@pytest.fixture
def versions(monkeypatch):
    """Distributions that seem installed; None stands for one that is not."""
    seeming, real = {}, importlib.metadata.version

    def version(name):
        found = seeming[name] if name in seeming else real(name)
        if found is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(importlib.metadata, 'version', version)
    return seeming


@pytest.mark.parametrize(
    ('installed', 'says'),
    [
        ({'mmaction2': '1.1.0'}, 'needs mmaction2==1.2.0, found 1.1.0; .*pip install "mmaction2==1.2.0"'),
        ({'mmaction2': None}, 'needs mmaction2==1.2.0, found none; .*pip install "mmaction2==1.2.0"'),
        ({'mmengine': '0.10.2'}, r'needs mmengine\S+, found 0.10.2; .*pip install "mmengine.*0\.10\.\d'),
        ({'mmcv': None, 'mmcv-lite': None}, 'found none; .*pip install "mmcv-lite.*2.1'),
        ({'mmcv': None, 'mmcv-lite': '2.3.0'}, 'found 2.3.0; .*pip install "mmcv-lite.*2.1'),
        # mmcv-lite on top of mmcv would break both.
        (
            {'mmcv': '2.3.0', 'mmcv-lite': None},
            r'needs mmcv\S+, found 2.3.0; .*pip install --no-build-isolation "mmcv.*2.1',
        ),
    ],
    ids=lambda value: '-'.join(f'{k} {v}' for k, v in value.items()) if isinstance(value, dict) else '',
)
def test_wrong_versions(versions, installed, says):
    versions.update(installed)
    with pytest.raises(ImportError, match=says) as caught:
        compat.check_versions()
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    'mmcv', [{'mmcv': '2.1.0', 'mmcv-lite': None}, {'mmcv': None, 'mmcv-lite': '2.1.0'}], ids=str
)
def test_right_versions(versions, mmcv):
    versions.update(mmcv | {'mmaction2': '1.2.0+local', 'mmengine': '0.10.7'})
    compat.check_versions()


def test_mmtin_that_is_not_installed(monkeypatch):
    def requires(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, 'requires', requires)
    with pytest.raises(ImportError, match=r'pip install -e \.'):
        compat.check_versions()


# numpy


def test_numpy_names_that_exist_stay(monkeypatch):
    mine = object()
    for name in ('Inf', 'in1d', 'trapz'):
        monkeypatch.setattr(np, name, mine, raising=False)
    compat.restore_numpy_names()
    assert np.Inf is np.in1d is np.trapz is mine


def test_numpy_1_has_no_successors_and_needs_none(monkeypatch):
    monkeypatch.setattr(np, 'trapz', object(), raising=False)
    monkeypatch.delattr(np, 'trapezoid', raising=False)
    compat.restore_numpy_names()


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


def test_hue_that_turns_already_is_left_alone(monkeypatch):
    mended = staticmethod(lambda img, factor: img)
    monkeypatch.setattr(ColorJitter, 'adjust_hue', mended)
    compat.jitter_hue_on_numpy_2()
    assert ColorJitter.__dict__['adjust_hue'] is mended


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


# mmaction2's wheel


def test_a_whole_mmaction2_is_left_alone(monkeypatch, tmp_path):
    (tmp_path / 'models/localizers/drn').mkdir(parents=True)
    spec = types.SimpleNamespace(origin=str(tmp_path / '__init__.py'))
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: spec)
    monkeypatch.delitem(sys.modules, 'mmaction.models.localizers.drn')
    compat.provide_missing_drn()
    assert 'mmaction.models.localizers.drn' not in sys.modules


# Checkpoints


def test_checkpoints_of_mmengine_load(tmp_path):
    hub = MessageHub('a test of mmtin')
    for value in (3.0, 2.0, 1.0):
        hub.update_scalar('train/loss', value)
        hub.update_scalar('val/top1', np.float64(value))
    hub.update_info('iter', 3)
    torch.save(
        {'state_dict': {'w': torch.ones(2)}, 'message_hub': hub.state_dict()}, tmp_path / 'epoch_1.pth'
    )
    code = f'import mmtin, torch\nc = torch.load({str(tmp_path / "epoch_1.pth")!r})\n'
    code += 'print(c["message_hub"]["log_scalars"]["train/loss"].mean(3))'
    assert float(python(code)) == 2
    assert 'UnpicklingError' in python(
        f'import torch\ntry:\n    torch.load({str(tmp_path / "epoch_1.pth")!r})\n'
        'except Exception as error:\n    print(type(error).__name__)'
    )


class Calls:
    """Pickles as a call of ``function`` with ``arguments``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    'evil',
    [
        Calls(os.system, 'touch hacked'),
        Calls(eval, "open('hacked', 'w')"),
        Calls(getattr, HistoryBuffer, '__init__'),
        Calls(getattr, HistoryBuffer, '__subclasses__'),
        Calls(getattr, HistoryBuffer([1.0], [1]), 'mean'),
        Calls(getattr, torch.Tensor, 'apply_'),
        Calls(getattr, [], 'append'),
        Calls(getattr, HistoryBuffer, 'update'),
        Calls(getattr, HistoryBuffer, 'register_statistics'),
    ],
    ids=[
        'system',
        'eval',
        'dunder',
        'subclasses',
        'instance',
        'Tensor',
        'unhashable',
        'update',
        'register',
    ],
)
def test_checkpoints_that_call_are_refused(tmp_path, monkeypatch, evil):
    monkeypatch.chdir(tmp_path)
    torch.save({'state_dict': evil}, 'evil.pth')
    with pytest.raises(pickle.UnpicklingError):
        torch.load('evil.pth')
    assert not (tmp_path / 'hacked').exists()


def test_numbers_of_numpy_load(tmp_path):
    values = {code: np.arange(3).astype(code) for code in '?bBhHiIlLqQefd'} | {'scalar': np.float64(0.5)}
    torch.save(values, tmp_path / 'numbers.pth')
    loaded = torch.load(tmp_path / 'numbers.pth')
    for key, value in values.items():
        assert loaded[key].dtype == value.dtype and (loaded[key] == value).all()


# torchvision


@pytest.fixture
def downloads(monkeypatch):
    """Addresses that would be fetched; torchvision seems absent."""
    fetched, real = [], importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        'find_spec',
        lambda name, *rest: None if name == 'torchvision' else real(name, *rest),
    )
    monkeypatch.setattr(
        mmengine_checkpoint,
        'load_from_http',
        lambda url, map_location=None: fetched.append((url, map_location)),
    )
    monkeypatch.setattr(
        mmengine_checkpoint.CheckpointLoader,
        '_schemes',
        dict(mmengine_checkpoint.CheckpointLoader._schemes),
    )
    compat.resolve_torchvision_addresses()
    return fetched


@pytest.mark.parametrize('scheme', ['torchvision', 'modelzoo'])
def test_torchvision_addresses(downloads, scheme):
    mmengine_checkpoint._load_checkpoint(f'{scheme}://resnet50', map_location='cpu')
    ((url, map_location),) = downloads
    assert url.startswith('https://download.pytorch.org/models/resnet50-') and map_location == 'cpu'


def test_unknown_torchvision_address(downloads):
    with pytest.raises(ValueError, match=r'torchvision://resnet51 needs torchvision.*https.*resnet50'):
        mmengine_checkpoint._load_checkpoint('torchvision://resnet51')
    assert downloads == []


def test_torchvision_itself_is_preferred(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: types.SimpleNamespace(name=name))
    schemes = {'torchvision://': object()}
    monkeypatch.setattr(mmengine_checkpoint.CheckpointLoader, '_schemes', schemes)
    compat.resolve_torchvision_addresses()
    assert len(schemes) == 1


def test_address_that_cannot_be_reached_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    url = 'http://127.0.0.1:9/weights.pth'  # the port of nobody
    with pytest.raises(
        UserError, match=rf'cannot fetch {url} \(.*\); download it elsewhere .*load_from=FILE'
    ):
        mmengine_checkpoint.CheckpointLoader.load_checkpoint(url)


def test_configs_of_mmtin_are_named_by_its_name(tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = 'mmtin::tin_r50_ucf101.py'\nwork_dir = 'mine'\n")
    cfg = Config.fromfile(tmp_path / 'mine.py')
    assert (cfg.work_dir, cfg.model.backbone.type, cfg.train_cfg.max_epochs) == ('mine', 'TINResNet', 25)
    (tmp_path / 'mine.py').write_text("_base_ = 'mmtin::tin_r50_ucf11.py'\n")
    with pytest.raises(
        UserError, match=r'no config tin_r50_ucf11.py; do you mean mmtin::tin_r50_ucf101.py'
    ):
        Config.fromfile(tmp_path / 'mine.py')


def test_import_warns_of_nothing():
    process = subprocess.run([sys.executable, '-c', 'import mmtin'], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, '')
