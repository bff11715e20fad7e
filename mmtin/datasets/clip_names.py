"""The names of clips, in datasets and in the samples of a data loader."""

from pathlib import Path

from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmtin.config import type_name

# Keys of a sample that name its clip: of videos, and of folders of frames.
NAME_KEYS = ('filename', 'frame_dir')


def name_clips(cfg: Config, loader: str = 'test_dataloader') -> None:
    """Add the names of the clips to the samples of a data loader, in place.

    MMAction2 dumps scores and labels alone. With the names in the samples' meta information, dumps have
    them too, and so has the error that ends a training whose loss is NaN.
    """
    for step in cfg[loader].dataset.get('pipeline', ()):
        if type_name(step) == 'PackActionInputs':
            # The defaults of PackActionInputs, which another tuple would replace.
            keys = step.get('meta_keys', ('img_shape', 'img_key', 'video_id', 'timestamp'))
            step.meta_keys = tuple(dict.fromkeys((*keys, *NAME_KEYS)))


def clip_name(dataset: BaseDataset, index: int) -> str:
    """The name of a clip's file, or folder of frames."""
    info = dataset.get_data_info(index)
    return Path(next(filter(None, map(info.get, NAME_KEYS)))).name
