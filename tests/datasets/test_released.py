"""Frames of the test protocol ``released`` are those of the releases, pixel by pixel."""

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose
from PIL import Image

from mmtin.errors import UserError
from tests.configs.experiments import EXPERIMENTS

# Of Something-Something, Kinetics, UCF101 and phones; odd, square and upright ones, larger and smaller.
SIZES = [
    (176, 100), (427, 240), (320, 240), (340, 256), (454, 256), (1280, 720), (1920, 1080), (349, 257),
    (101, 133), (240, 427), (256, 256), (300, 300), (255, 511), (720, 1280), (333, 222),
]  # fmt: skip


def frame(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(width * height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def released(image: np.ndarray, short_side: int = 256, crop: int = 224) -> np.ndarray:
    """GroupScale and GroupCenterCrop of TSM and TIN: torchvision's Resize and CenterCrop of a PIL image."""
    picture = Image.fromarray(image)
    width, height = picture.size
    if width < height:
        picture = picture.resize((short_side, int(short_side * height / width)), Image.Resampling.BILINEAR)
    else:
        picture = picture.resize((int(short_side * width / height), short_side), Image.Resampling.BILINEAR)
    width, height = picture.size
    left, top = round((width - crop) / 2.0), round((height - crop) / 2.0)
    return np.asarray(picture.crop((left, top, left + crop, top + crop)))


def shaped(view: str, image: np.ndarray) -> dict:
    cfg = EXPERIMENTS[0].load()
    results = dict(imgs=[image, image[::-1]], img_shape=image.shape[:2], modality='RGB')
    return Compose([TRANSFORMS.build(step) for step in cfg.views[view].crop])(results)


@pytest.mark.parametrize('size', SIZES, ids=str)
def test_pixels_are_those_of_the_releases(size):
    image = frame(*size)
    results = shaped('released', image)
    np.testing.assert_array_equal(results['imgs'][0], released(image))
    np.testing.assert_array_equal(results['imgs'][1], released(image[::-1]))
    assert results['img_shape'] == (224, 224)


def test_pixels_are_others_by_default():
    """Why the protocol exists: another filter, and in some sizes another width or place."""
    image = frame(1280, 720)
    differ = np.abs(shaped('1x1', image)['imgs'][0].astype(int) - released(image))
    assert differ.mean() > 1
    # White noise hides nothing: where frames grow the filter is the same, to rounding ...
    image = frame(320, 240)
    assert np.abs(shaped('1x1', image)['imgs'][0].astype(int) - released(image)).max() <= 1


def test_resize_to_a_size():
    step = TRANSFORMS.build(dict(type='PillowResize', scale=(30, 20), keep_ratio=False))
    image = frame(100, 80)
    results = step(dict(imgs=[image], img_shape=(80, 100)))
    expected = Image.fromarray(image).resize((30, 20), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(results['imgs'][0], np.asarray(expected))
    assert results['img_shape'] == (20, 30)


@pytest.mark.parametrize('arguments', [dict(scale=(256, 340)), dict(scale=(-1, 256), keep_ratio=False)])
def test_a_scale_of_another_form_is_refused(arguments):
    with pytest.raises(UserError, match='PillowResize takes scale='):
        TRANSFORMS.build(dict(type='PillowResize', **arguments))


def test_a_crop_larger_than_the_frame_is_refused():
    step = TRANSFORMS.build(dict(type='RoundedCenterCrop', crop_size=224))
    with pytest.raises(UserError, match='cannot crop 224 x 224 pixels from a frame of 300 x 200'):
        step(dict(imgs=[frame(300, 200)], img_shape=(200, 300)))
