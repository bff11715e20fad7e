"""The data loaders of a config."""

from collections.abc import Iterator

from mmengine.config import Config

from mmtin.errors import UserError

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def check_loaders(cfg: Config) -> None:
    """Refuse a batch without samples, and let ``num_workers=0`` work, in place.

    torch refuses ``persistent_workers`` and ``prefetch_factor`` where there are no workers: both go.

    Raises:
        UserError: for a batch size or a number of workers that is none.
    """
    for name in LOADERS:
        loader = cfg.get(name) or {}
        _require_whole(loader, name, 'batch_size', least=1)
        _require_whole(loader, name, 'num_workers', least=0)
        if loader.get('num_workers') == 0:
            loader.pop('persistent_workers', None)
            loader.pop('prefetch_factor', None)


def datasets_of(loader: dict | None) -> Iterator[dict]:
    """The datasets with a list of a data loader's config, also those that others wrap."""
    if not isinstance(loader, dict):
        return
    if 'ann_file' in loader:
        yield loader
        return
    for value in loader.values():
        for each in value if isinstance(value, list | tuple) else [value]:
            yield from datasets_of(each)


def _require_whole(loader: dict, name: str, entry: str, least: int) -> None:
    value = loader.get(entry, least)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UserError(f'{name}.{entry} must be a whole number, {least} or more, got {value!r}')
