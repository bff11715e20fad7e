"""Every upstream fault that stands in the way, in one place.

``import mmtin`` calls :func:`apply`. Each remedy applies only where its fault can be present, and says what
it mends, where the fault is reported, which versions have it and when it may go. Nothing else in mmtin
changes a module that is not its own.
"""

import difflib
import importlib.metadata
import importlib.util
import json
import pickle
import re
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import cv2
import mmengine
import numpy as np
import torch
from mmengine._strategy import FSDPStrategy
from mmengine.config import Config
from mmengine.fileio import register_backend
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from mmengine.runner import checkpoint as mmengine_checkpoint
from packaging.requirements import Requirement
from torch.distributed.fsdp import FullyShardedDataParallel

from mmtin.checkpoint.reading import read_checkpoint
from mmtin.errors import UserError
from mmtin.files.whole import WholeFileBackend

# Two distributions of the module mmcv: with compiled operators and without, enough for most.
_MMCV = ('mmcv', 'mmcv-lite')

# Methods that mmengine's checkpoints name, by the class that has them.
_PICKLED_METHODS = {
    HistoryBuffer: ('current', 'max', 'mean', 'min'),
    OneCycleParamScheduler: ('_annealing_cos', '_annealing_linear'),
}


def apply() -> None:
    """Apply every remedy; calling it again changes nothing."""
    check_versions()
    restore_numpy_names()
    provide_missing_drn()
    allow_mmengine_checkpoints()
    resolve_torchvision_addresses()
    read_addresses_safely()
    find_own_configs()
    explain_unreadable_checkpoints()
    score_in_float32()
    jitter_hue_on_numpy_2()
    overlap_tubes_on_numpy_2()
    resume_sharded_optimizers()
    write_whole_files()


def check_versions() -> None:
    """Refuse versions of MMAction2's family that mmtin was not tried with.

    mmaction2 1.2.0 asserts ``mmcv < 2.2.0`` without naming a remedy, and a missing mmcv shows as an
    ImportError from its depths. The versions stand in pyproject.toml, which the metadata of the
    installed package repeats. Goes never: it is how mmtin states what it needs.

    Raises:
        ImportError: one sentence with the pip line that mends it.
    """
    try:
        lines = importlib.metadata.requires('mmtin')
    except importlib.metadata.PackageNotFoundError:
        raise ImportError(
            'mmtin runs from its source folder but is not installed; '
            'mend it with: pip install -e . in that folder'
        ) from None
    requirements = [Requirement(line) for line in lines]
    mmcv = next(filter(_installed, _MMCV), _MMCV[-1])
    wanted = {r.name: r.specifier for r in requirements if r.name in ('mmaction2', 'mmengine', mmcv)}
    for name, specifier in wanted.items():
        found = _installed(name)
        if found is None or found.partition('+')[0] not in specifier:
            raise ImportError(
                f'mmtin needs {name}{specifier}, found {found or "none"}; '
                # The build of mmcv imports torch, which an isolated one does not see.
                f'mend it with: pip install {"--no-build-isolation " * (name == "mmcv")}"{name}{specifier}"'
            )


def _installed(name: str) -> str | None:
    """The version of a distribution, None if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def restore_numpy_names() -> None:
    """Give numpy 2 back the names that MMAction2 1.2.0 still uses.

    ``np.Inf`` in mmaction/utils/misc.py and the pose transforms, ``np.in1d`` and ``np.trapz`` in its
    metrics (removed in numpy 2.0 and 2.4; MMAction2 issue 2912). May go with the first MMAction2
    release that runs on numpy 2.
    """
    for name, successor in {'Inf': 'inf', 'in1d': 'isin', 'trapz': 'trapezoid'}.items():
        if not hasattr(np, name):
            setattr(np, name, getattr(np, successor))


def provide_missing_drn() -> None:
    """Let ``import mmaction.models`` succeed although its wheel lacks a package.

    mmaction2 1.2.0 on PyPI was built without ``mmaction/models/localizers/drn`` (MMAction2 issue
    2714). A placeholder stands in for it; building the DRN localizer says so. May go with a release
    whose wheel is whole.
    """
    package = 'mmaction.models.localizers.drn'
    root = Path(importlib.util.find_spec('mmaction').origin).parent  # type: ignore[arg-type]
    if (root / 'models/localizers/drn').is_dir() or package in sys.modules:
        return

    class DRN:
        def __init__(self, *args, **kwargs) -> None:
            raise ImportError(
                'the DRN localizer is missing from the mmaction2 wheel on PyPI (MMAction2 issue 2714); '
                'install MMAction2 from its repository to use it'
            )

    for name in (package, f'{package}.drn'):
        sys.modules[name] = types.ModuleType(name)
    sys.modules[f'{package}.drn'].DRN = DRN  # type: ignore[attr-defined]


def allow_mmengine_checkpoints() -> None:
    """Let ``torch.load`` read mmengine's checkpoints with ``weights_only`` still on.

    Since torch 2.6 that is the default, and mmengine 0.10.7 stores in a checkpoint the history of its
    logs, a HistoryBuffer around numpy arrays, and of a one-cycle schedule the method that it anneals
    by: ``mim test`` and ``--resume`` end in "Weights only load failed" (mmengine issue 1655). These
    classes hold numbers and run no code of the file's; what could be made to, ``getattr`` and
    ``numpy.dtype``, has a stand-in. May go with an mmengine release that registers them itself.
    """
    reconstruct: Any = np.empty(0).__reduce__()[0]
    scalar: Any = np.float64(0).__reduce__()[0]
    torch.serialization.add_safe_globals(
        [
            *_PICKLED_METHODS,
            (_pickled_method, 'builtins.getattr'),
            (_pickled_dtype, 'numpy.dtype'),
            np.ndarray,
            *(type(np.dtype(code)) for code in '?bBhHiIlLqQefd'),
            reconstruct,
            scalar,
            # As numpy 1 wrote them.
            (reconstruct, 'numpy.core.multiarray._reconstruct'),
            (scalar, 'numpy.core.multiarray.scalar'),
        ]
    )


def _pickled_method(owner: type, name: str):
    """Stand in for the ``getattr`` by which a pickle names a method."""
    if not isinstance(owner, type) or name not in _PICKLED_METHODS.get(owner, ()):
        raise pickle.UnpicklingError(f'refused to read the attribute {name!r} of {owner!r}')
    return getattr(owner, name)


def _pickled_dtype(code: str, *_: object) -> np.dtype:
    """Stand in for ``numpy.dtype``, for types of numbers.

    It gives numpy's own objects, which take no state from a pickle. A copy would: flags and fields by which
    numpy takes bytes of the file for addresses of objects.
    """
    if not re.fullmatch('[biuf][1248]', code):
        raise pickle.UnpicklingError(f'refused to read an array of {code!r}: not a type of numbers')
    return np.dtype(code)


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


def read_addresses_safely() -> None:
    """Let mmengine read checkpoints from http addresses with ``weights_only`` on, as it reads files.

    mmengine 0.10.7 fetches them with ``torch.hub.load_state_dict_from_url``, whose default (torch 2.13)
    still is to unpickle whatever the file names: ``pretrained`` or ``load_from`` of an address would run
    its code. May go when the default changes or mmengine asks for it.
    """
    fetch = partial(torch.hub.load_state_dict_from_url, weights_only=True)

    def load_url(url: str, *args, **kwargs) -> dict:
        try:
            return fetch(url, *args, **kwargs)
        except OSError as error:  # urllib's errors and lost connections are
            reason = getattr(error, 'reason', None) or error.strerror or error
            if isinstance(error, HTTPError):
                reason = f'{error.code} {reason}'
            raise UserError(
                f'cannot fetch {url} ({reason}); download it elsewhere and give the file in its place: '
                'load_from=FILE, or pretrained=FILE in the backbone'
            ) from error

    mmengine_checkpoint.load_url = load_url


def find_own_configs() -> None:
    """Let ``_base_ = 'mmtin::tin_r50_ucf101.py'`` name a config of mmtin, as OpenMMLab's packages have it.

    mmengine 0.10.7 looks the package up in a table of its own and wants a folder in the path. May go when
    other packages can enter themselves.
    """
    original = Config._get_cfg_path
    if original.__module__ == __name__:
        return

    def _get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        if not cfg_path.startswith('mmtin::'):
            return original(cfg_path, filename)
        package = Path(__file__).parent
        name = cfg_path.removeprefix('mmtin::').removeprefix('configs/')
        # As installed, and in a folder of the source.
        folders = (package / '.mim/configs', package.parent / 'configs')
        for folder in folders:
            if (folder / name).is_file():
                return str(folder / name), None
        known = [path.name for folder in folders for path in folder.glob('*.py')]
        meant = difflib.get_close_matches(name, known, n=1)
        raise UserError(
            f'mmtin has no config {name}; '
            + (f'do you mean mmtin::{meant[0]}?' if meant else '`mim search mmtin` lists what it has')
        )

    _get_cfg_path.__module__ = __name__
    Config._get_cfg_path = staticmethod(_get_cfg_path)


def explain_unreadable_checkpoints() -> None:
    """Let mmengine end in one sentence where a checkpoint cannot be read.

    mmengine 0.10.7 passes on what torch says: of a file that names code to run, ten lines which advise to
    turn ``weights_only`` off. Goes never: it is how mmtin speaks to users.
    """

    def load_from_local(filename: str, map_location=None) -> dict:
        return read_checkpoint(filename, map_location)

    mmengine_checkpoint.CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)


def write_whole_files() -> None:
    """Let mmengine write local files, checkpoints above all, that are whole or not there.

    mmengine 0.10.7 writes to the final name: a kill or a full disk leaves half a file where a whole
    one may have been. Its registry of backends takes a better one. May go when ``LocalBackend.put``
    renames.
    """
    register_backend('local', WholeFileBackend, force=True, prefixes='')


def score_in_float32() -> None:
    """Let MMAction2's heads train with mixed precision in bfloat16.

    MMAction2 1.2.0 hands their scores to numpy for the accuracy in the log, and numpy has no bfloat16:
    "Got unsupported ScalarType BFloat16" in the first iteration. The loss is computed in float32 under
    autocast anyway. May go when BaseHead.loss_by_feat converts what it hands to numpy.
    """
    from mmaction.models.heads import BaseHead  # needs the remedies above

    original = BaseHead.loss_by_feat
    if original.__module__ == __name__:
        return

    @wraps(original)
    def loss_by_feat(self, cls_scores, data_samples):
        return original(self, cls_scores.float(), data_samples)

    loss_by_feat.__module__ = __name__
    BaseHead.loss_by_feat = loss_by_feat


def jitter_hue_on_numpy_2() -> None:
    """Let MMAction2's ColorJitter lower the hue, as the stock configs of TPN ask for.

    MMAction2 1.2.0 adds a negative number to uint8, which numpy 2 refuses: "OverflowError: Python integer
    -15 out of bounds for uint8" in about half of the samples (no report found). May go with the first
    MMAction2 release that adds in wider integers.
    """
    from mmaction.datasets.transforms.processing import ColorJitter  # needs the remedies above

    try:
        ColorJitter.adjust_hue(np.zeros((1, 1, 3), np.uint8), -0.1)
    except OverflowError:
        pass
    else:
        return

    def adjust_hue(img: np.ndarray, factor: float) -> np.ndarray:
        hsv = cv2.cvtColor(np.clip(img, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV)
        # OpenCV counts hues from 0 to 179.
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(factor * 255)) % 180
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)

    ColorJitter.adjust_hue = staticmethod(adjust_hue)


def overlap_tubes_on_numpy_2() -> None:
    """Let MMAction2's MultiSportsMetric score tubes of boxes.

    MMAction2 1.2.0 takes ``int`` of an array with one element, deprecated since numpy 1.25 and refused
    since 2.4: "only 0-dimensional arrays can be converted to Python scalars" (no report found). May go
    with the first MMAction2 release that takes the element.
    """
    from mmaction.evaluation.functional import multisports_utils

    tube = np.array([[1.0, 0, 0, 1, 1], [2, 0, 0, 1, 1]])  # frame, x1, y1, x2, y2
    with warnings.catch_warnings():
        warnings.simplefilter('error', DeprecationWarning)
        try:
            multisports_utils.iou3dt_voc(tube, tube)
        except (DeprecationWarning, TypeError):
            pass
        else:
            return

    def iou3dt_voc(b1: np.ndarray, b2: np.ndarray, spatialonly=False, temporalonly=False) -> float:
        first, last = max(b1[0, 0], b2[0, 0]), min(b1[-1, 0], b2[-1, 0])
        if last < first:
            return 0.0
        in_time = (last - first) / (max(b1[-1, 0], b2[-1, 0]) - min(b1[0, 0], b2[0, 0]))
        if temporalonly:
            return in_time
        shared = (tube[(first <= tube[:, 0]) & (tube[:, 0] <= last)] for tube in (b1, b2))
        return multisports_utils.iou3d_voc(*shared) * (1.0 if spatialonly else in_time)

    multisports_utils.iou3dt_voc = iou3dt_voc


def resume_sharded_optimizers() -> None:
    """Let ``--resume`` load the optimizer's state with mmengine's FSDPStrategy.

    mmengine 0.10.7 hands it to torch in the order of torch 2.0, where the model did not come first:
    "unhashable type: 'dict'". May go when mmengine names the arguments.
    """

    def load_optim_state_dict(self, state_dict: dict) -> None:
        state_dict = FullyShardedDataParallel.optim_state_dict_to_load(
            model=self.model, optim=self.optim_wrapper.optimizer, optim_state_dict=state_dict
        )
        self.optim_wrapper.load_state_dict(state_dict)

    FSDPStrategy.load_optim_state_dict = load_optim_state_dict


@contextmanager
def no_cuda_device_to_set() -> Iterator[None]:
    """Let mmengine's ``init_dist`` join processes of a machine without CUDA while entered.

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
