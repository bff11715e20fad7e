"""Frames as the public releases of TSN, TSM and TIN make them: Pillow's pixels, torchvision's rounding.

OpenCV's bilinear resizing, which MMAction2 uses, interpolates between the four nearest pixels, however much
a frame shrinks; Pillow's averages all pixels that a new one covers. The long side and the place of the
centre are rounded differently, too, so the crop may lie one pixel beside MMAction2's. Test a checkpoint
with the pixels that it was trained on.
"""

import mmcv
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmtin.errors import UserError


def short_side_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    """Width and height of a frame whose short side becomes ``short_side`` pixels; the long one is cut off.

    As ``torchvision.transforms.Resize``.
    """
    long_side = int(short_side * max(width, height) / min(width, height))
    return (short_side, long_side) if width < height else (long_side, short_side)


@TRANSFORMS.register_module()
class PillowResize(BaseTransform):
    """Resize as MMAction2's Resize does, with Pillow's antialiased bilinear filter.

    Args:
        scale: width and height in pixels. With ``keep_ratio`` one of them is -1, and the other the length
            that the short side becomes (:func:`short_side_size`).
        keep_ratio: whether frames keep their aspect ratio.

    Raises:
        UserError: if ``scale`` is not of that form.
    """

    def __init__(self, scale: tuple[int, int], keep_ratio: bool = True) -> None:
        if len(scale) != 2 or max(scale) < 1 or (min(scale) == -1) != keep_ratio:
            raise UserError(
                'PillowResize takes scale=(-1, short side), or scale=(width, height) and keep_ratio=False; '
                f'got scale={scale!r}, keep_ratio={keep_ratio}'
            )
        self.scale = scale
        self.keep_ratio = keep_ratio

    def transform(self, results: dict) -> dict:
        """Resize ``imgs``, uint8 ``[H, W, 3]`` each, and set ``img_shape``."""
        height, width = results['img_shape']
        size = short_side_size(width, height, max(self.scale)) if self.keep_ratio else self.scale
        results['imgs'] = [mmcv.imresize(image, size, backend='pillow') for image in results['imgs']]
        results['img_shape'] = size[::-1]
        results['keep_ratio'] = self.keep_ratio
        return results


@TRANSFORMS.register_module()
class RoundedCenterCrop(BaseTransform):
    """Crop the centre, a half pixel rounded to even as ``torchvision.transforms.CenterCrop`` does.

    MMAction2's CenterCrop rounds down.

    Args:
        crop_size: width and height of the crop, in pixels.
    """

    def __init__(self, crop_size: int) -> None:
        self.crop_size = crop_size

    def transform(self, results: dict) -> dict:
        """Crop ``imgs``, ``[H, W, 3]`` each, and set ``img_shape``.

        Raises:
            UserError: if frames are smaller than the crop.
        """
        height, width = results['img_shape']
        size = self.crop_size
        if min(height, width) < size:
            raise UserError(
                f'cannot crop {size} x {size} pixels from a frame of {width} x {height}; resize it first'
            )
        top, left = round((height - size) / 2), round((width - size) / 2)
        results['imgs'] = [image[top : top + size, left : left + size] for image in results['imgs']]
        results['img_shape'] = (size, size)
        return results
