"""The names of clips, in datasets and in the samples of a data loader."""

from pathlib import Path

from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmtin.config import type_name

# Keys of a sample that name its clip: of videos, and of folders of frames.
NAME_KEYS = ('filename', 'frame_dir')


def name_clips(cfg: Config, loader: str = 'test_dataloader') -> None:
    """Let the samples of a data loader carry the names of their clips, in place.

    A dump of MMAction2's has scores and labels alone; with the names in the samples' meta information it
    has these too, and so has the sentence that ends a training whose loss is NaN.
    """
    for step in cfg[loader].dataset.get('pipeline', ()):
        if type_name(step) == 'PackActionInputs':
            # Its defaults, which a tuple of ours would replace.
            keys = step.get('meta_keys', ('img_shape', 'img_key', 'video_id', 'timestamp'))
            step.meta_keys = tuple(dict.fromkeys((*keys, *NAME_KEYS)))


def clip_name(dataset: BaseDataset, index: int) -> str:
    """The name of a clip's file, or folder of frames."""
    info = dataset.get_data_info(index)
    return Path(next(filter(None, map(info.get, NAME_KEYS)))).name
