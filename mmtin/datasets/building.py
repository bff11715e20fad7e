"""The clips of a config's test set, or others read the same way."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mmaction.registry import DATASETS
from mmengine.config import Config, ConfigDict
from mmengine.dataset import BaseDataset

from mmtin.config import type_name
from mmtin.datasets.frame_folders import numbered_frames
from mmtin.errors import UserError


def clips_dataset(cfg: Config, clips: Sequence[Path] = ()) -> BaseDataset:
    """The test set of a config, or with its pipeline other clips: videos, or folders of frames.

    Raises:
        UserError: if a clip or the data are not there, or the pipeline cannot open such clips.
    """
    dataset = cfg.test_dataloader.dataset.copy()
    if not clips:
        return DATASETS.build(dataset)
    frames = 'Rawframe' in type_name(dataset)
    for clip in clips:
        if not (clip.is_dir() if frames else clip.is_file()):
            raise UserError(
                f'no {"folder of frames" if frames else "video file"} at {clip}, as the config reads'
            )
    lines = [frames_line(clip.resolve(), dataset) if frames else f'{clip.resolve()}\t0' for clip in clips]
    with tempfile.TemporaryDirectory() as folder:
        ann_file = Path(folder, 'clips.txt')
        ann_file.write_text(''.join(f'{line}\n' for line in lines))
        dataset.update(ann_file=str(ann_file), data_prefix={'img' if frames else 'video': ''})
        if not frames:
            dataset.delimiter = '\t'
        return DATASETS.build(dataset)


def frames_line(clip: Path, dataset: ConfigDict) -> str:
    """``folder frames 0`` for a clip that ``dataset`` reads.

    Raises:
        UserError: if there are no frames as the dataset names them, or a list cannot name the folder.
    """
    template = dataset.get('filename_tmpl', 'img_{:05}.jpg')
    if dataset.get('modality') == 'Flow':
        template = template.replace('{}', 'x', 1)
    first = dataset.get('start_index', 1)
    num_frames = numbered_frames(set(os.listdir(clip)), template, first)
    if not num_frames:
        raise UserError(
            f'no {template.format(first)} in {clip}, as the config names frames (filename_tmpl)'
        )
    if len(str(clip).split()) > 1:
        raise UserError(
            f'{clip} has a blank in its path, at which lists of frames divide their lines; rename it, or '
            'make a link to it'
        )
    return f'{clip} {num_frames} 0'
