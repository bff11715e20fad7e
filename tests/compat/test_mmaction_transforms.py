"""The remedies for MMAction2's transforms: each works, and is applied only where its fault is present."""

from pathlib import Path

import cv2
import mmaction
import numpy as np
import pytest
from mmaction.datasets.transforms import ArrayDecode, ColorJitter, Flip
from mmengine.config import Config
from mmengine.dataset import Compose

from mmtin.compat import mmaction_transforms as compat
from tests.datasets.video.video_files import SMALL, read_all

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
