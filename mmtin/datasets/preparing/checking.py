"""Find the clips of a list that cannot be decoded, before training does."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from mmaction.datasets.transforms import RawFrameDecode

from mmtin.datasets.video.decoding import VideoDecode, VideoInit
from mmtin.errors import UserError


@dataclass(frozen=True)
class ListedClip:
    """A line of a list; ``num_frames`` is None if the clip is a video file."""

    line: str
    path: str
    num_frames: int | None = None


@dataclass(frozen=True)
class Decoding:
    """What to decode: ``num_segments`` frames of a video, or of ``num_frames`` in a folder."""

    path: str
    num_segments: int
    num_frames: int | None = None
    template: str = '{:05}.jpg'


def read_list(path: Path, frames: bool) -> list[ListedClip]:
    """A list that MMAction2's RawframeDataset (``frames``) or VideoDataset reads.

    A path ends at the first TAB of its line if there is one, else before the labels at its end.

    Raises:
        UserError: if there is no list or a line is malformed.
    """
    if not path.is_file():
        raise UserError(f'no list at {path}: tools/prepare_data.py writes them, see data/README.md')
    pattern = r'(\S+) (\d+)((?: -?\d+)*)' if frames else r'([^\t]+)(?:\t.*)|(.+?)((?:\s-?\d+)*)'
    clips = []
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        match = re.fullmatch(pattern, line.strip())
        if match is None:
            expected = 'folder number_of_frames label...' if frames else 'path label...'
            raise UserError(f'{path}, line {number}: expected "{expected}", got "{line}"; see --help')
        if frames:
            clips.append(ListedClip(line, match[1], int(match[2])))
        else:
            clips.append(ListedClip(line, match[1] or match[2]))
    return clips


def fault_of(decoding: Decoding) -> str | None:
    """Why a clip cannot be decoded with the transforms that training uses, or None.

    Not every frame is decoded but ``num_segments`` of them at equal distances, the first and the last
    included, between which the frames that training samples lie.
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
