"""Complete a config for one's own videos with what is found in them."""

import logging
from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from rich.progress import track

from mmtin.config import LOADERS, refuse_amp_without_gpu
from mmtin.datasets.own import Split, read_own_videos, read_split, write_split
from mmtin.datasets.video.suffixes import SUFFIXES
from mmtin.errors import UserError

# Clips per step from which on BatchNorm's own statistics are better than those of the pretraining.
CLIPS_FOR_BATCH_NORM = 16


def _one_of(*values: object, hint: str = '') -> tuple[str, Callable[[object], bool]]:
    *others, last = known = [repr(value) for value in values]
    return f'{", ".join(others)} or {last}{hint}', lambda value: repr(value) in known


def _is_path(value: object) -> bool:
    return value is None or isinstance(value, (str, Path))


# What each option must be: in words, and whether a value is. bool is an int.
OPTIONS: dict[str, tuple[str, Callable]] = {
    'val_data': ('the path of one list, or None', _is_path),
    'media': ('the path of one folder, or None', _is_path),
    'val_share': (
        'a number above 0 and below 1, such as 0.2',
        lambda value: type(value) in (int, float) and 0 < value < 1,
    ),
    'seed': ('a whole number', lambda value: type(value) is int),
    'multi_label': _one_of(True, False, None),
    'class_weight': _one_of(
        'balanced', None, hint=' (weights of your own go to model.cls_head.loss_cls.class_weight)'
    ),
    'sampling': _one_of('balanced', None),
    'batch_norm': _one_of('auto', 'frozen', 'trained'),
    'amp': _one_of('auto', True, False),
    'patience': (
        'a whole number, 1 or more, or None',
        lambda value: value is None or (type(value) is int and value > 0),
    ),
}


def use_own_videos(cfg: Config, load_from: str | None = None) -> None:
    """Replace the entries ``data`` and ``finetune`` of a config by what they ask for, in place.

    ``configs/_base_/own_videos.py`` lists their values. The videos are divided once: the lists are written
    to ``split`` in the work directory, and every later command with this work directory uses them. They
    decide number and names of the classes, metric, loss, BatchNorm, mixed precision and early stopping.
    Configs with neither entry stay as they are.

    Args:
        cfg: with ``work_dir`` and all options.
        load_from: the weights that the run starts or started from; None takes those of ``cfg``.

    Raises:
        UserError: if an option has no such value, the videos cannot be used, or the lists in the work
            directory are of other videos.
    """
    data, options = cfg.get('data'), cfg.get('finetune')
    if options is None and (data is None or isinstance(data, dict)):
        return
    if options is None or not options.keys() >= set(OPTIONS):
        raise UserError(
            'data and finetune are options of tin_r50_finetune.py and tin_r18_finetune.py; this config has '
            'its lists in its data loaders, at {train,val,test}_dataloader.dataset.ann_file'
        )
    _check(data, options)
    split = _split(cfg.work_dir, data, options)
    _set_classes(cfg, split, options.multi_label)
    _weigh_classes(cfg, split, options.class_weight)
    _draw_classes(cfg, options.sampling)
    frozen = _set_batch_norm(cfg, options.batch_norm, load_from or cfg.get('load_from'))
    _set_precision(cfg, options.amp)
    _watch(cfg, options.class_weight or options.sampling, options.patience)
    for name in ('data', 'finetune'):
        cfg.pop(name, None)
    print_log(
        f'{len(split.classes)} classes: {", ".join(split.classes)}. {split.num_train} videos to train on, '
        f'{split.num_val} to validate on, listed in {split.folder}. BatchNorm is '
        f'{"frozen" if frozen else "trained"}.',
        'current',
    )


def _check(data: object, options: dict) -> None:
    if not _is_path(data):
        raise UserError(
            f'data must be the path of one folder or list, got {data!r}; a list to validate on goes into '
            'finetune.val_data'
        )
    for name, value in options.items():
        if name not in OPTIONS:
            raise UserError(f'finetune.{name} would change nothing; finetune takes {", ".join(OPTIONS)}')
        expected, fits = OPTIONS[name]
        if not fits(value):
            raise UserError(f'finetune.{name} must be {expected}, got {value!r}')


def _split(work_dir: str, data: str | None, options: dict) -> Split:
    """The split in the work directory; it is made if there is none."""
    folder = Path(work_dir, 'split').resolve()
    if data is None:
        if not folder.exists():
            raise UserError(
                'this config needs your videos: --cfg-options data=FOLDER, with a folder of videos for '
                'each class, or data=LIST'
            )
        return read_split(folder)
    paths = {'data': data, 'val_data': options['val_data']}
    source: dict = {key: str(Path(path).resolve()) if path else None for key, path in paths.items()}
    source.update(val_share=options['val_share'], seed=options['seed'])
    media = Path(options['media']) if options['media'] else None
    if folder.exists():
        split = read_split(folder)
        was = split.source
        if was != source or (media and media.resolve() != split.media):
            raise UserError(
                f'{folder} divides {was.get("data")} with val_share={was.get("val_share")} and '
                f'seed={was.get("seed")}, which is not what was asked for; choose another --work-dir, or '
                'remove that folder'
            )
        _tell_of_new_videos(split, Path(data))
        return split
    videos = read_own_videos(
        Path(data),
        Path(options['val_data']) if options['val_data'] else None,
        media,
        options['val_share'],
        options['seed'],
        lambda faults, total: track(faults, 'Looking at the videos', total, transient=True),
    )
    return write_split(folder, videos, source)


def _tell_of_new_videos(split: Split, data: Path) -> None:
    if data.resolve() != split.media:
        return
    listed = {
        line.split('\t')[0]
        for part in ('train.txt', 'val.txt')
        for line in (split.folder / part).read_text(encoding='utf-8').splitlines()
    }
    found = {p.relative_to(data).as_posix() for p in data.rglob('*') if p.suffix.lower() in SUFFIXES}
    new = sorted(found - listed)
    if new:
        print_log(
            f'{len(new)} videos of {data}, such as {new[0]}, came after the videos were divided and are '
            f'not used; remove {split.folder} to divide anew.',
            'current',
            logging.WARNING,
        )


def _set_classes(cfg: Config, split: Split, multi_label: bool | None) -> None:
    head, num_classes = cfg.model.cls_head, len(split.classes)
    if head.num_classes not in (None, num_classes):
        raise UserError(
            f'model.cls_head.num_classes={head.num_classes}, but {split.folder} has {num_classes} classes; '
            'leave the option out'
        )
    if multi_label is False and split.multi_label:
        raise UserError(
            'finetune.multi_label=False, but a line of the list has several labels; leave one a video'
        )
    head.num_classes = num_classes
    topk = (1,) if num_classes <= 5 else (1, 5)
    head.topk = topk
    several = split.multi_label if multi_label is None else multi_label
    if several:
        head.update(type='MultiLabelTSMHead', multi_class=True, loss_cls=dict(type='BCELossWithLogits'))
        metric: dict = dict(metric_list=('mean_average_precision', 'mmit_mean_average_precision'))
    else:
        metric = dict(metric_options=dict(top_k_accuracy=dict(topk=topk)))
    for name in ('val_evaluator', 'test_evaluator'):
        if cfg.get(name) is not None:
            cfg[name].update(metric)
    for name in LOADERS:
        if cfg.get(name) is None:  # --no-validate
            continue
        _set_dataset(cfg[name].dataset, split, 'train' if name == LOADERS[0] else 'val')
        if several:
            cfg[name].dataset.update(multi_class=True, num_classes=num_classes)
    for protocol in cfg.get('test_protocols', {}).values():
        _set_names(protocol, split)


def _set_dataset(dataset: dict, split: Split, part: str) -> None:
    """Set list, folder and classes; a list that the config names stays, such as one to test on."""
    if not dataset.get('ann_file'):
        dataset['ann_file'] = str(split.folder / f'{part}.txt')
        dataset['data_prefix'] = dict(video=str(split.media))
    dataset['metainfo'] = dict(classes=split.classes)
    _set_names(dataset['pipeline'], split)


def _set_names(pipeline: list[dict], split: Split) -> None:
    for step in pipeline:
        if step['type'] == 'FlipWithLabel':
            step.setdefault('labels', str(split.folder / 'labels.txt'))


def _weigh_classes(cfg: Config, split: Split, class_weight: str | None) -> None:
    if class_weight is None:
        return
    # As in scikit-learn: with all classes as frequent, every weight is 1.
    weights = [sum(split.counts) / (len(split.counts) * max(count, 1)) for count in split.counts]
    loss = cfg.model.cls_head.get('loss_cls') or dict(type='CrossEntropyLoss')
    cfg.model.cls_head.loss_cls = dict(loss, class_weight=[round(weight, 4) for weight in weights])


def _draw_classes(cfg: Config, sampling: str | None) -> None:
    if sampling:
        cfg.train_dataloader.sampler = dict(type='BalancedSampler')


def _set_batch_norm(cfg: Config, batch_norm: str, load_from: str | None) -> bool:
    """Freeze BatchNorm, affine parameters included, where that is better or asked for; return if so."""
    backbone = cfg.model.backbone
    starts = load_from or backbone.get('pretrained') or backbone.get('init_cfg')
    few = cfg.train_dataloader.batch_size < CLIPS_FOR_BATCH_NORM
    frozen = batch_norm == 'frozen' or (batch_norm == 'auto' and bool(starts) and few)
    if frozen:
        backbone.update(norm_eval=True, norm_cfg=dict(type='BN2d', requires_grad=False))
    return frozen


def _set_precision(cfg: Config, amp: bool | str) -> None:
    if amp is True or (amp == 'auto' and get_device() == 'cuda'):
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    refuse_amp_without_gpu(cfg)


def _watch(cfg: Config, balanced: str | None, patience: int | None) -> None:
    """Set the metric that chooses the best checkpoint and stops the training early."""
    if cfg.model.cls_head.get('multi_class'):
        metric = 'acc/mean_average_precision'
    else:
        metric = 'acc/mean1' if balanced else 'acc/top1'
    if cfg.default_hooks.checkpoint.get('save_best') == 'auto':
        cfg.default_hooks.checkpoint.save_best = metric
    if patience is not None and cfg.get('val_evaluator') is not None:
        hook = dict(type='PatienceHook', monitor=metric, patience=patience, min_delta=1e-3)
        cfg.custom_hooks = [*cfg.get('custom_hooks', ()), hook]
