"""Faults of MMAction2 1.2.0."""

import importlib
import importlib.util
import logging
import sys
import types
import warnings
from functools import wraps
from pathlib import Path

import numpy as np
import torch
from mmengine.utils import digit_version

from mmtin.errors import UserError


def accept_newer_mmcv() -> None:
    """Let MMAction2 1.2.0 and mmdet 3.3.0 be imported beside mmcv 2.2, or the 2.3 of its maintained fork.

    Both assert that mmcv is older than 2.2.0, but use nothing that changed in it (MMDetection issue 11763).
    May go with releases that know mmcv 2.2.
    """
    import mmcv  # large, and the other remedies do not need it

    found = mmcv.__version__
    if digit_version(found) < digit_version('2.2.0'):
        return
    mmcv.__version__ = '2.1.0'
    try:
        import mmaction  # noqa: F401

        if importlib.util.find_spec('mmdet') is not None:
            import mmdet  # noqa: F401
    finally:
        mmcv.__version__ = found


def provide_missing_drn() -> None:
    """Let ``import mmaction.models`` succeed although its wheel lacks a package.

    mmaction2 1.2.0 on PyPI was built without ``mmaction/models/localizers/drn`` (MMAction2 issue
    2714). A placeholder replaces it; building the DRN localizer then raises an error that says so. May go
    with a release whose wheel is complete.
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


def import_models_quietly() -> None:
    """Keep a warning of the maintained fork's mmdet out of what commands write.

    ``mmaction.models`` imports the models of onedl-mmdetection 3.5.1, which log on standard output, among
    predictions for instance, that an operator for lanes is missing from an mmcv built without CUDA (no
    report found). May go with the first release that warns when such a model is built.
    """
    found = importlib.util.find_spec('mmdet')
    if (
        found is None
        or not Path(str(found.origin)).with_name('models').joinpath('dense_heads/clr_head').exists()
    ):
        return
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        importlib.import_module('mmaction.models')
    finally:
        logging.disable(before)


def score_in_float32() -> None:
    """Let MMAction2's heads train with mixed precision in bfloat16.

    MMAction2 1.2.0 passes their scores to numpy for the accuracy in the log, and numpy has no bfloat16:
    "Got unsupported ScalarType BFloat16" in the first iteration. The loss is computed in float32 under
    autocast anyway. May go when BaseHead.loss_by_feat converts the scores first.
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


def refuse_joined_clips() -> None:
    """Let a recognizer refuse clips of another number of frames than its backbone takes.

    MMAction2 1.2.0 puts all frames of a batch in a row, and a backbone with ``num_segments``, such as its
    ResNetTSM and ResNetTIN, takes each T of them for a clip: a pipeline of 4 frames with T = 8 joins two
    videos into one without a warning (no report found). ``mim train`` compares pipelines and backbone
    first; this remedy is for recognizers that are built in Python. May go when MMAction2 compares them.
    """
    from mmaction.models.recognizers import Recognizer2D  # needs the remedies above

    original = Recognizer2D.extract_feat
    if original.__module__ == __name__:
        return

    @wraps(original)
    def extract_feat(self, inputs: torch.Tensor, *args, **kwargs):
        num_segments, frames = getattr(self.backbone, 'num_segments', None), inputs.shape[1]
        # In a test the views of a video come together.
        if num_segments and (frames % num_segments or (self.training and frames != num_segments)):
            raise UserError(
                f'the pipeline gives clips of {frames} frames, but model.backbone.num_segments='
                f'{num_segments}; set both to the same number, or call '
                'mmtin.config.match_num_segments(cfg) before the Runner is built'
            )
        return original(self, inputs, *args, **kwargs)

    extract_feat.__module__ = __name__
    Recognizer2D.extract_feat = extract_feat


def shift_in_fewer_stages() -> None:
    """Let ResNetTSM have ``num_stages`` below 4, as ResNet can.

    MMAction2 1.2.0 shifts in four stages whatever their number is: "'ResNetTSM' object has no attribute
    'layer4'" (no report found). May go when it goes through those that there are.
    """
    from mmaction.models.backbones import ResNetTSM  # needs the remedies above

    original = ResNetTSM.make_temporal_shift
    if original.__module__ == __name__:
        return

    @wraps(original)
    def make_temporal_shift(self):
        missing = [name for name in map('layer{}'.format, range(1, 5)) if not hasattr(self, name)]
        for name in missing:
            self.add_module(name, torch.nn.Sequential())
        original(self)
        for name in missing:
            delattr(self, name)

    make_temporal_shift.__module__ = __name__
    ResNetTSM.make_temporal_shift = make_temporal_shift


def import_scipy_stats_late() -> None:
    """Import scipy.stats when MMAction2's pose transforms call it, not at every start.

    MMAction2 1.2.0 imports it for one function of one transform, which takes a quarter of the time of
    ``import mmtin`` (no report found). May go with the first MMAction2 release that imports it in that
    transform.
    """
    name = 'scipy.stats'
    if name in sys.modules:
        return
    stand_in = types.ModuleType(name)

    def whole() -> types.ModuleType:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return importlib.import_module(name)

    def mode(*args, **kwargs):
        return whole().mode(*args, **kwargs)

    def other(attribute: str) -> object:
        if attribute.startswith('__'):  # what the import itself asks for
            raise AttributeError(attribute)
        return getattr(whole(), attribute)

    stand_in.__dict__.update(mode=mode, __getattr__=other)
    sys.modules[name] = stand_in
    try:
        importlib.import_module('mmaction.datasets.transforms.pose_transforms')
    finally:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]


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
