"""A summary of what a Runner is about to do."""

from typing import Literal

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmtin.commands.terminal import short_path
from mmtin.config import stated_num_segments, type_name
from mmtin.engine.preflight.loaders import datasets_of

# By the optimizer's wrapper.
_PRECISIONS = {'AmpOptimWrapper': 'mixed precision', 'Bfloat16OptimWrapper': 'bfloat16'}


def summary(runner: Runner, task: Literal['train', 'test']) -> str:
    """Model, data, batch, schedule, weights, device and log of a training or a test, one line each.

    What a config leaves out is left out here.
    """
    cfg = runner.cfg
    rows = dict(model=_model(runner))
    if task == 'train':
        rows.update(data=_data(runner, 'train'), batch=_batch(runner, 'train'), schedule=_schedule(runner))
        if cfg.get('val_dataloader'):
            rows['validation'] = _data(runner, 'val')
        rows['weights'] = _weights(runner)
    else:
        rows.update(data=_data(runner, 'test'), batch=_batch(runner, 'test'))
    rows.update(device=_device(runner), log=short_path(str(runner.logger.log_file)))
    title = {'train': 'Training', 'test': 'Test'}[task]
    return '\n'.join([f'{title} of {runner.experiment_name}', *(f'  {k:<10} {v}' for k, v in rows.items())])


def _model(runner: Runner) -> str:
    cfg = runner.cfg
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    backbone, head = cfg.model.get('backbone') or {}, cfg.model.get('cls_head') or {}
    depth, num_segments = backbone.get('depth'), stated_num_segments(cfg)
    said = [
        type(model).__name__,
        type_name(backbone) + (f' of depth {depth}' if depth else ''),
        f'T = {num_segments} frames' if num_segments else '',
        f'{head["num_classes"]} classes' if 'num_classes' in head else '',
        f'{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters',
    ]
    return ', '.join(filter(None, said))


def _data(runner: Runner, part: str) -> str:
    size = len(getattr(runner, f'{part}_dataloader').dataset)
    lists = (str(dataset['ann_file']) for dataset in datasets_of(runner.cfg[f'{part}_dataloader']))
    return f'{size} clips' + ''.join(f', {short_path(path)}' for path in lists)


def _batch(runner: Runner, part: str) -> str:
    loader, cfg = getattr(runner, f'{part}_dataloader'), runner.cfg[f'{part}_dataloader']
    processes = f' in each of {get_world_size()} processes' if get_world_size() > 1 else ''
    size = f'{cfg["batch_size"]} clips{processes}, ' if cfg.get('batch_size') else ''
    return f'{size}{len(loader)} iterations' + ' an epoch' * (part == 'train')


def _schedule(runner: Runner) -> str:
    cfg = runner.cfg
    length = cfg.train_cfg.get('max_epochs')
    wrapper, schedule = cfg.get('optim_wrapper') or {}, cfg.get('param_scheduler') or []
    optimizer = wrapper.get('optimizer') or {}
    entries = schedule if isinstance(schedule, list | tuple) else [schedule]
    said = [
        f'{length} epochs' if length else f'{runner.max_iters} iterations',
        type_name(optimizer) + (f' at a rate of {optimizer["lr"]:g}' if 'lr' in optimizer else ''),
        *map(type_name, entries),
        _PRECISIONS.get(type_name(wrapper), ''),
    ]
    return ', '.join(filter(None, said))


def _weights(runner: Runner) -> str:
    origin = runner._load_from or _pretrained(runner.cfg)
    if origin is None:
        return 'random'
    return short_path(origin) + (f', after iteration {runner.iter}' if runner._resume else '')


def _pretrained(cfg: Config) -> str | None:
    backbone = cfg.model.get('backbone') or {}
    initialised = backbone.get('init_cfg')
    stated = initialised.get('checkpoint') if isinstance(initialised, dict) else None
    return backbone.get('pretrained') or stated


def _device(runner: Runner) -> str:
    device = next(runner.model.parameters()).device
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else device.type
    return f'{get_world_size()} processes, {name}' if get_world_size() > 1 else name
