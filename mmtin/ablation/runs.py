"""What a run of an ablation is: its folder, its config, its clips, and the digests of both."""

import copy
import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.utils import import_modules_from_strings

from mmtin.ablation.variants import VARIANTS
from mmtin.config import type_name
from mmtin.datasets.list_files import read_class_list, read_clip_list
from mmtin.errors import UserError
from mmtin.files.digest import digest

# Entries of the trunk's config that a variant replaces. TINs keep initial_offset unless they state another.
_TEMPORAL = {'type', 'num_segments', 'shift_div', 'groups', 'reverse', 'max_offset', 'initial_offset'}


class AblationRun(NamedTuple):
    """One variant trained with one seed; all that it leaves is in ``folder``."""

    variant: str
    seed: int
    folder: Path

    @property
    def result_file(self) -> Path:
        return self.folder / 'result.json'

    @property
    def identity_file(self) -> Path:
        """What :func:`identity` said when it was begun."""
        return self.folder / 'identity.json'

    @property
    def is_begun(self) -> bool:
        return self.result_file.exists() or (self.folder / 'last_checkpoint').exists()

    def __str__(self) -> str:
        return f'{self.variant}, seed {self.seed}'


def require_same(run: AblationRun, cfg: Config) -> None:
    """Refuse to go on with what the folder of ``run`` has of another recipe or of other clips.

    Raises:
        UserError: if it was begun so.
    """
    if not run.is_begun:
        return
    before = json.loads(run.identity_file.read_text()) if run.identity_file.exists() else {}
    differing = [name for name, value in identity(cfg).items() if before.get(name) != value]
    if differing:
        raise UserError(
            f'{run.folder} holds a run with other {" and ".join(differing)}; remove that folder, or choose '
            'another --work-dir'
        )


def describe_data(root: Path) -> dict[str, int]:
    """How many training clips and classes a folder in the form of ``tools/make_demo_data.py`` holds.

    Raises:
        UserError: if it is no such folder.
    """
    for name in ('train', 'val', 'labels'):
        if not (root / f'{name}.txt').is_file():
            raise UserError(
                f'no data set in {root}: expected train.txt, val.txt and labels.txt as '
                f'`tools/make_demo_data.py --out {root}` writes them (there is no {name}.txt)'
            )
    clips, labels = read_clip_list(root / 'train.txt'), read_class_list(root / 'labels.txt')
    return dict(train_clips=len(clips), classes=len(labels))


def run_config(
    base: Config,
    run: AblationRun,
    data_root: Path,
    num_classes: int,
    epochs: int,
    num_segments: int | None = None,
) -> Config:
    """The experiment ``base`` with the backbone and seed of ``run``, on the clips in ``data_root``.

    ``num_segments``, T, is by default that of ``base``. Frames are decoded once and kept in memory.
    """
    cfg = copy.deepcopy(base)
    variant = VARIANTS[run.variant]
    trunk = cfg.model.backbone
    cfg.model.cls_head.num_segments = num_segments or cfg.model.cls_head.num_segments
    backbone = {key: value for key, value in trunk.items() if key not in _TEMPORAL} | dict(variant.backbone)
    if 'initial_offset' in trunk and 'TIN' in backbone['type']:
        backbone.setdefault('initial_offset', trunk.initial_offset)
    if variant.is_temporal:
        backbone['num_segments'] = cfg.model.cls_head.num_segments
    cfg.model.backbone = backbone
    if variant.offset_rate is not None:
        cfg.optim_wrapper.pop('paramwise_cfg', None)
        if variant.offset_rate != 1:
            rates = {'.offset_net.': dict(lr_mult=variant.offset_rate)}
            cfg.optim_wrapper.paramwise_cfg = dict(custom_keys=rates)
    if variant.bfloat16:
        cfg.optim_wrapper.type = 'Bfloat16OptimWrapper'
    cfg.model.cls_head.num_classes = num_classes
    cfg.custom_imports = dict(imports=['mmtin', *variant.imports], allow_failed_imports=False)
    for name, split in (('train_dataloader', 'train'), ('test_dataloader', 'val')):
        dataset = cfg[name].dataset
        dataset.ann_file = str(data_root / f'{split}.txt')
        for kind, place in dataset.data_prefix.items():
            dataset.data_prefix[kind] = str(
                data_root / 'media' if Path(place).name == 'media' else data_root
            )
        dataset.pipeline = decoding_once(dataset.pipeline)
        for step in dataset.pipeline:
            if step['type'] == 'SampleFrames':
                step['num_clips'] = cfg.model.cls_head.num_segments
        # One process keeps the frames.
        cfg[name].update(num_workers=0, persistent_workers=False)
    forwards = copy.deepcopy(cfg.test_dataloader.dataset.pipeline)
    place = next(place for place, step in enumerate(forwards) if step['type'] == 'FormatShape')
    cfg.reversed_pipeline = [*forwards[:place], dict(type='ReverseFrames'), *forwards[place:]]
    # The held-out clips are scored once, in the end.
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_epochs=epochs)
    for scheduler in cfg.param_scheduler:
        if 'total_steps' in scheduler:
            scheduler.total_steps = epochs
    cfg.randomness = dict(seed=run.seed)
    cfg.work_dir, cfg.resume = str(run.folder), True
    cfg.default_hooks.checkpoint = dict(type='WholeCheckpointHook', interval=1, max_keep_ckpts=1)
    cfg.default_hooks.logger.interval = 10
    return cfg


def trunk_of(cfg: Config) -> str:
    """The 2D network of a config's backbone, as variants name it."""
    return 'MobileNetV2' if 'MobileNet' in type_name(cfg.model.backbone) else 'ResNet'


def decoding_once(pipeline: Iterable[dict]) -> list[dict]:
    """A pipeline that opens, samples, decodes and resizes videos, with frames that are kept in memory.

    One that keeps them already stays as it is, as does one of another kind.
    """
    pipeline = list(pipeline)
    kinds = [step['type'] for step in pipeline]
    if kinds[:4] != ['VideoInit', 'SampleFrames', 'VideoDecode', 'Resize'] or pipeline[3].get(
        'keep_ratio', True
    ):
        return pipeline
    opened, sampled, *decoded = pipeline[:4]
    kept = dict(type='DecodedOnce', open_clip=[opened], decode=decoded)
    return [kept, sampled, dict(type='ArrayDecode'), *pipeline[4:]]


def settings(cfg: Config) -> str:
    """Digest of what a run's config says of network, clips, optimiser and schedule; not of places."""
    entries = ('model', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'reversed_pipeline')
    content: dict[str, Any] = {name: cfg.to_dict().get(name) for name in entries}
    content |= dict(train=cfg.train_dataloader.dataset.pipeline, batch_size=cfg.train_dataloader.batch_size)
    return digest(content)


def data_digest(root: Path) -> str:
    """Digest of the lists of a data set, and of what it was made by."""
    files = ('train.txt', 'val.txt', 'labels.txt', 'dataset.json')
    hashed = hashlib.sha256()
    for name in files:
        if (root / name).exists():
            hashed.update((root / name).read_bytes())
    return hashed.hexdigest()[:16]


def identity(cfg: Config) -> dict[str, str]:
    """Digests of a run's settings and of its clips: with the same ones its result is the same."""
    root = Path(cfg.train_dataloader.dataset.ann_file).parent
    return dict(settings=settings(cfg), clips=data_digest(root))


def num_steps(cfg: Config, clips: int) -> int:
    """Iterations of one run on so many training clips."""
    return cfg.train_cfg.max_epochs * math.ceil(clips / cfg.train_dataloader.batch_size)


def num_parameters(cfg: Config) -> int:
    """Parameters of the backbone."""
    import_modules_from_strings(**cfg.custom_imports)
    with torch.device('meta'):
        backbone = MODELS.build(cfg.model.backbone)
    return sum(parameter.numel() for parameter in backbone.parameters())
