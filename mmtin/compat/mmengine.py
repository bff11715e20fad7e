"""Faults of mmengine 0.10.3 to 0.10.7."""

import difflib
import importlib.util
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlparse

import mmengine
import torch
from mmengine._strategy import FSDPStrategy
from mmengine.config import Config
from mmengine.config import config as mmengine_config
from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import print_log
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from mmengine.runner import checkpoint as mmengine_checkpoint
from torch.distributed.fsdp import FullyShardedDataParallel

from mmtin.errors import UserError


def resolve_torchvision_addresses() -> None:
    """Load ``torchvision://resnet50`` where torchvision is not installed.

    Most of MMAction2's configs name their ImageNet weights so. mmengine imports torchvision to look
    the address up, although it ships the same table (``mmengine/hub/torchvision_0.12.json``). May go
    when mmengine reads its table first.
    """
    if importlib.util.find_spec('torchvision') is not None:
        return
    table = json.loads((Path(mmengine.__path__[0]) / 'hub/torchvision_0.12.json').read_text())

    def load_from_torchvision(filename: str, map_location=None):
        name = re.sub(r'^(modelzoo|torchvision)://', '', filename)
        if name not in table:
            raise ValueError(
                f'{filename} needs torchvision, which is not installed; give the https address of the '
                f'file instead. Without torchvision these are known: {", ".join(sorted(table))}'
            )
        return mmengine_checkpoint.load_from_http(table[name], map_location=map_location)

    mmengine_checkpoint.CheckpointLoader.register_scheme(
        prefixes=('modelzoo://', 'torchvision://'), loader=load_from_torchvision, force=True
    )


def read_checkpoints_by(read: Callable[..., dict]) -> None:
    """Let mmengine read checkpoints, from files and addresses, without running code that they name.

    mmengine 0.10.7 reads files by ``torch.load``, which before torch 2.6 runs any code that a file names
    and since then refuses mmengine's own checkpoints (mmengine issue 1655), and addresses by ``torch.hub``,
    which runs it even with torch 2.13. Stays for good: it is how mmtin speaks to users.

    Args:
        read: takes a path and ``map_location``.
    """

    def load_from_local(filename: str, map_location=None) -> dict:
        return read(filename, map_location)

    def load_url(url: str, model_dir: str | None = None, map_location=None, progress=True, **_) -> dict:
        return read(_download(url, model_dir, progress), map_location)

    mmengine_checkpoint.CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)
    mmengine_checkpoint.load_url = load_url


def _download(url: str, folder: str | None, progress: bool) -> Path:
    """The file of an address, as torch.hub keeps it."""
    folder = folder or os.path.join(torch.hub.get_dir(), 'checkpoints')
    path = Path(folder, os.path.basename(urlparse(url).path))
    if path.exists():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        print_log(f'Downloading {url} to {path}', 'current')
        torch.hub.download_url_to_file(url, str(path), progress=progress)
    except OSError as error:  # urllib's errors and lost connections are
        reason = getattr(error, 'reason', None) or error.strerror or error
        if isinstance(error, HTTPError):
            reason = f'{error.code} {reason}'
        raise UserError(
            f'cannot fetch {url} ({reason}); download it elsewhere and give the file in its place: '
            'load_from=FILE, or pretrained=FILE in the backbone'
        ) from error
    return path


def find_own_configs() -> None:
    """Let ``_base_ = 'mmtin::tin_r50_ucf101.py'`` name a config of mmtin, as OpenMMLab's packages have it.

    mmengine 0.10.7 looks packages up in a fixed table and needs a folder in the path. May go when other
    packages can register.
    """
    original = Config._get_cfg_path
    if original.__module__ == __name__:
        return

    def _get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        if not cfg_path.startswith('mmtin::'):
            return original(cfg_path, filename)
        return str(own_config(cfg_path.removeprefix('mmtin::').removeprefix('configs/'))), None

    _get_cfg_path.__module__ = __name__
    Config._get_cfg_path = staticmethod(_get_cfg_path)


def own_config(name: str) -> Path:
    """The file of a config of mmtin, such as ``tin_r50_ucf101.py``.

    Raises:
        UserError: if there is none; says what may be meant.
    """
    package = Path(__file__).parents[1]
    # As installed, and in a folder of the source.
    folders = (package / '.mim/configs', package.parent / 'configs')
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    known = [path.name for folder in folders for path in folder.glob('*.py')]
    meant = difflib.get_close_matches(name, known, n=1)
    raise UserError(
        f'mmtin has no config {name}; '
        + (f'do you mean mmtin::{meant[0]}?' if meant else '`mim search mmtin` lists what it has')
    )


def format_configs_once() -> None:
    """Keep the formatted text of a config until the config changes.

    mmengine 0.10.7 formats it anew for the log, the work directory, the visualizer and each loop, and yapf
    takes about half a second each time for a ResNet-50. May go when ``Config`` keeps its text.
    """
    original = getattr(mmengine_config, 'FormatCode', None)
    if original is None or original.__module__ == __name__:
        return  # onedl-mmengine imports yapf where it formats, and is left as it is
    kept: dict[str, tuple[str, bool]] = {}

    def format_code(text: str, **options) -> tuple[str, bool]:
        result = kept.get(text)
        if result is None:
            kept.clear()
            result = kept[text] = original(text, **options)
        return result

    mmengine_config.FormatCode = format_code


def write_files_by(backend: type[LocalBackend]) -> None:
    """Let mmengine write local files, above all checkpoints, whole or not at all.

    mmengine 0.10.7 writes to the final name: a kill or a full disk leaves half a file in place of an older
    whole one. Its registry of backends takes another backend. May go when ``LocalBackend.put`` renames.
    """
    register_backend('local', backend, force=True, prefixes='')


def resume_sharded_optimizers() -> None:
    """Let ``--resume`` load the optimizer's state with mmengine's FSDPStrategy.

    mmengine 0.10.7 passes the arguments in the order of torch 2.0, where the model was not the first:
    "unhashable type: 'dict'". May go when mmengine names the arguments.
    """

    def load_optim_state_dict(self, state_dict: dict) -> None:
        state_dict = FullyShardedDataParallel.optim_state_dict_to_load(
            model=self.model, optim=self.optim_wrapper.optimizer, optim_state_dict=state_dict
        )
        self.optim_wrapper.load_state_dict(state_dict)

    FSDPStrategy.load_optim_state_dict = load_optim_state_dict


def keep_rates_in_one_cycle() -> None:
    """Let OneCycleLR keep the rates of ``paramwise_cfg``.

    mmengine 0.10.7 gives ``eta_max`` to all parameters, also to those with an ``lr_mult`` of their own (no
    report found). Here it is the maximum for the optimizer's ``lr``, and other rates have theirs in
    proportion. May go when ``OneCycleParamScheduler`` asks for the rates of its groups.
    """
    original = OneCycleParamScheduler._format_param
    if original.__module__ == __name__:
        return

    def format_param(self, name: str, optimizer, param: float | Sequence[float]) -> Sequence[float]:
        values = original(self, name, optimizer, param)
        if isinstance(param, Sequence):
            return values
        base = getattr(optimizer, 'optimizer', optimizer).defaults['lr']
        rates = [group.get('initial_lr', group['lr']) for group in optimizer.param_groups]
        return [value * rate / base for value, rate in zip(values, rates)]

    OneCycleParamScheduler._format_param = format_param


@contextmanager
def no_cuda_device_to_set() -> Iterator[None]:
    """Let mmengine's ``init_dist`` join processes without CUDA, within the block.

    mmengine 0.10.7 sets the CUDA device of a process whatever the backend is, and torch raises
    "module 'torch._C' has no attribute '_cuda_setDevice'". May go when mmengine asks first whether there
    is one.
    """
    set_device = torch.cuda.set_device
    torch.cuda.set_device = lambda device: None
    try:
        yield
    finally:
        torch.cuda.set_device = set_device
