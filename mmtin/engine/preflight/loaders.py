"""Check the data loaders of a config."""

from collections.abc import Iterator

from mmengine.config import Config
from mmengine.logging import print_log

from mmtin.commands.cores import num_cores
from mmtin.config import LOADERS
from mmtin.errors import UserError


def check_loaders(cfg: Config) -> None:
    """Refuse an empty batch, and make ``num_workers=0`` work, in place.

    torch refuses ``persistent_workers`` and ``prefetch_factor`` without workers: both are removed.

    Raises:
        UserError: for a batch size below 1 or a negative number of workers.
    """
    for name in LOADERS:
        loader = cfg.get(name) or {}
        require_whole(loader, name, 'batch_size', least=1)
        require_whole(loader, name, 'num_workers', least=0)
        if loader.get('num_workers') == 0:
            loader.pop('persistent_workers', None)
            loader.pop('prefetch_factor', None)


def limit_workers(cfg: Config, written: Config) -> None:
    """Limit the workers of each data loader to the cores that it may use, in place, and log it.

    A recipe states the number for a large machine; more workers than cores slow each other down, and torch
    warns. A number that an option sets stays.

    Args:
        cfg: with the options.
        written: the config as its file has it.
    """
    cores = num_cores()
    for name in LOADERS:
        loader = cfg.get(name) or {}
        num_workers = loader.get('num_workers')
        if num_workers == (written.get(name) or {}).get('num_workers') and (num_workers or 0) > cores:
            loader['num_workers'] = cores
            print_log(
                f'{name}.num_workers: {num_workers} -> {cores}, the cores that this process may use.',
                'current',
            )


def datasets_of(loader: dict | None) -> Iterator[dict]:
    """The datasets with a list in a data loader's config, also those within wrappers."""
    if not isinstance(loader, dict):
        return
    if 'ann_file' in loader:
        yield loader
        return
    for value in loader.values():
        for each in value if isinstance(value, list | tuple) else [value]:
            yield from datasets_of(each)


def require_whole(node: dict, name: str, entry: str, least: int) -> None:
    """Refuse an entry of a config that is no whole number, or below ``least``; 2.0 becomes 2, in place.

    Args:
        node: what has the entry, or leaves it out.
        name: of the node.
        entry: name of the entry.
        least: the lowest number.

    Raises:
        UserError: for another value.
    """
    value = node.get(entry, least)
    if isinstance(value, float) and value.is_integer():
        value = node[entry] = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UserError(f'{name}.{entry} must be a whole number, {least} or more, got {value!r}')
