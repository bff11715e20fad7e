"""Find the clips of a list that cannot be decoded, before training does."""

import os
from dataclasses import dataclass

import cv2
import numpy as np
from mmaction.datasets.transforms import RawFrameDecode

from mmtin.datasets.video.decoding import VideoDecode, VideoInit


@dataclass(frozen=True)
class Decoding:
    """A clip to decode: ``num_segments`` frames of a video, or of a folder with ``num_frames``."""

    path: str
    num_segments: int
    num_frames: int | None = None
    template: str = '{:05}.jpg'


def fault_of(decoding: Decoding) -> str | None:
    """Why a clip cannot be decoded with the transforms that training uses, or None.

    Only ``num_segments`` frames are decoded, at equal distances, the first and the last included; the
    frames that training samples lie between them.
    """
    if not os.path.exists(decoding.path):
        return 'missing'
    try:
        _decode(decoding)
    except Exception as error:
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return None


def _decode(decoding: Decoding) -> None:
    if decoding.num_frames is None:
        video = VideoInit().transform(dict(filename=decoding.path))
        inds = _frame_inds(0, video['total_frames'], decoding.num_segments)
        VideoDecode().transform(dict(video, frame_inds=inds))
        return
    for index in _frame_inds(1, decoding.num_frames, decoding.num_segments):
        frame = dict(frame_dir=decoding.path, filename_tmpl=decoding.template, modality='RGB')
        try:
            RawFrameDecode().transform(dict(frame, frame_inds=np.array([index])))
        except cv2.error as error:
            raise ValueError(f'{decoding.template.format(index)} cannot be decoded') from error


def _frame_inds(first: int, num_frames: int, num_segments: int) -> np.ndarray:
    if num_frames == 0:
        raise ValueError('no frames')
    return np.linspace(first, first + num_frames - 1, num_segments).round().astype(int)
