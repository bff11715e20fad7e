"""The names of clips in the samples of a data loader, and those of its classes."""

from pathlib import Path

from mmengine.config import Config

# Keys of a sample that name its clip: of videos, and of folders of frames.
NAME_KEYS = ('filename', 'frame_dir')


def name_clips(cfg: Config, loader: str = 'test_dataloader') -> None:
    """Let the samples of a data loader carry the names of their clips, in place.

    A dump of MMAction2's has scores and labels alone; with the names in the samples' meta information it
    has these too, and so has the sentence that ends a training whose loss is NaN.
    """
    for step in cfg[loader].dataset.get('pipeline', ()):
        if step.type == 'PackActionInputs':
            # Its defaults, which a tuple of ours would replace.
            keys = step.get('meta_keys', ('img_shape', 'img_key', 'video_id', 'timestamp'))
            step.meta_keys = tuple(dict.fromkeys((*keys, *NAME_KEYS)))


def names_of_classes(cfg: Config) -> list[str] | None:
    """The names of the classes of a config in label order, None if it does not tell.

    Those that it has itself, as ``metainfo=dict(classes=...)`` of the test set, else those in
    ``labels.txt`` beside the test list.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    classes = (dataset.get('metainfo') or {}).get('classes')
    if classes:
        return list(classes)
    beside = Path(dataset['ann_file']).with_name('labels.txt') if dataset.get('ann_file') else None
    if beside is None or not beside.is_file():
        return None
    return beside.read_text(encoding='utf-8').splitlines()
