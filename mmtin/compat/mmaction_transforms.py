"""Faults of MMAction2 1.2.0 in the transforms of its data pipelines.

MMAction2 is imported within, since that needs the remedies of ``mmaction.py``.
"""

import cv2
import numpy as np


def jitter_hue_on_numpy_2() -> None:
    """Let MMAction2's ColorJitter lower the hue, as the stock configs of TPN ask for.

    MMAction2 1.2.0 adds a negative number to uint8, which numpy 2 refuses: "OverflowError: Python integer
    -15 out of bounds for uint8" in about half of the samples (no report found). May go with the first
    MMAction2 release that adds in wider integers.
    """
    from mmaction.datasets.transforms.processing import ColorJitter

    try:
        ColorJitter.adjust_hue(np.zeros((1, 1, 3), np.uint8), -0.1)
    except OverflowError:
        pass
    else:
        return

    def adjust_hue(img: np.ndarray, factor: float) -> np.ndarray:
        hsv = cv2.cvtColor(np.clip(img, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV)
        # OpenCV counts hues from 0 to 179.
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(factor * 255)) % 180
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)

    ColorJitter.adjust_hue = staticmethod(adjust_hue)


def invert_horizontal_flow_alone() -> None:
    """Let MMAction2's Flip mirror optical flow.

    What moves right moves left in the mirror: the horizontal field is inverted, the vertical one is not.
    Since pull request 2631 of MMAction2, in 1.2.0, RawFrameDecode makes an array ``[H, W, 2]`` of a frame
    of flow, but Flip still inverts every second item, as if x and y took turns: both fields of
    frames 0, 2, 4 and none of frames 1, 3 (no report found). May go with the first MMAction2 release that
    inverts the first field of each.
    """
    import mmcv
    from mmaction.datasets.transforms import Flip

    flipped = Flip()._flip_imgs([np.zeros((1, 1, 2), np.uint8) for _ in range(2)], 'Flow')
    if all(frame.tolist() == [[[255, 0]]] for frame in flipped):
        return

    def flip_images(self, imgs: list[np.ndarray], modality: str) -> list[np.ndarray]:
        for img in imgs:
            mmcv.imflip_(img, self.direction)
        if modality == 'Flow':
            # Of ArrayDecode x and y take turns as they did.
            for field in (img[..., 0] for img in imgs) if imgs[0].ndim == 3 else imgs[::2]:
                field[...] = mmcv.iminvert(field)
        return imgs

    Flip._flip_imgs = flip_images


def copy_frames_of_arrays() -> None:
    """Let MMAction2's ArrayDecode give frames of their own.

    Those of MMAction2 1.2.0 are views of the clip's array, and of each other where a frame is sampled more
    than once. Flip mirrors in place: such a frame once for each time, and a clip that is kept in memory for
    good (no report found). May go with the first MMAction2 release that copies frames, as its other
    decoders do.
    """
    from mmaction.datasets.transforms import ArrayDecode

    def decode(array: np.ndarray) -> dict:
        return ArrayDecode().transform(dict(array=array, frame_inds=np.zeros(1, int), modality='RGB'))

    clip = np.zeros((1, 1, 1, 3), np.uint8)
    if not np.shares_memory(clip, decode(clip)['imgs'][0]):
        return
    views_of = ArrayDecode.transform

    def transform(self, results: dict) -> dict:
        results = views_of(self, results)
        results['imgs'] = [view.copy() for view in results['imgs']]
        return results

    ArrayDecode.transform = transform
