"""The commands that follow a training."""

import os
import shlex
from pathlib import Path

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner


def next_steps(runner: Runner) -> str:
    """Commands that test, apply, explain and export what a Runner has trained, with its paths.

    The checkpoint is the best one if validations chose one, else the last; '' if none was written. A line
    can be repeated; it then replaces what it wrote.
    """
    hook = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
    found = getattr(hook, 'best_ckpt_path', None) or getattr(hook, 'last_ckpt', None)
    if not found:
        return ''
    checkpoint, work_dir = _short(found), _short(runner.work_dir)
    config = _short(Path(runner.work_dir, Path(runner.cfg.filename or f'{runner.timestamp}.py').name))
    lines = {
        'test': f'mim test mmtin {config} --checkpoint {checkpoint} --work-dir {work_dir} '
        f'--dump {work_dir}/predictions.pkl --force',
        'predict': f'mim run mmtin predict {_videos(runner)} --config {config} --checkpoint {checkpoint} '
        f'--out {work_dir}/results.json --force',
        'report': f'mim run mmtin report {work_dir} --force',
        'export': f'mim run mmtin export_onnx {config} {checkpoint} {work_dir}/model.onnx --force',
    }
    if runner.cfg.model.get('cls_head') is None:  # a detector, which these two do not take
        del lines['predict'], lines['export']
    return '\n'.join(['Next:', *(f'  {line}  # {what}' for what, line in lines.items())])


def _videos(runner: Runner) -> str:
    """The clips of the test set, if they are videos; else a word to replace."""
    dataset = (runner.cfg.get('test_dataloader') or {}).get('dataset') or {}
    media = (dataset.get('data_prefix') or {}).get('video')
    if not media or not dataset.get('ann_file'):
        return 'VIDEOS'
    return f'{_short(dataset["ann_file"])} --media {_short(media)}'


def _short(path: str | Path) -> str:
    """A path for the shell, from the current folder if it lies there."""
    path, here = Path(path).absolute(), Path.cwd()
    return shlex.quote(os.path.relpath(path) if path.is_relative_to(here) else str(path))
