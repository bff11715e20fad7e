"""The clips of a config's test set, or others read the same way."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmtin.config import type_name
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
    lines = [
        f'{clip.resolve()} {len(list(clip.iterdir()))} 0' if frames else f'{clip.resolve()}\t0'
        for clip in clips
    ]
    with tempfile.TemporaryDirectory() as folder:
        ann_file = Path(folder, 'clips.txt')
        ann_file.write_text(''.join(f'{line}\n' for line in lines))
        dataset.update(ann_file=str(ann_file), data_prefix={'img' if frames else 'video': ''})
        if not frames:
            dataset.delimiter = '\t'
        return DATASETS.build(dataset)
