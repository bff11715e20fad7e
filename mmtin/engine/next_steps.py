"""The commands that follow a training."""

import shlex
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmtin.commands.terminal import short_path
from mmtin.config import reads_flow, sees_whole_clips


def next_steps(runner: Runner) -> str:
    """Commands that test, apply, explain and export what a Runner has trained, with its paths.

    The checkpoint is the best one if validations chose one, else the last, which may be the one that was
    resumed; '' if there is none. A line can be repeated; it then replaces what it wrote.
    """
    hook = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
    resumed = runner._load_from if runner._resume else None
    found = getattr(hook, 'best_ckpt_path', None) or getattr(hook, 'last_ckpt', None) or resumed
    if not found:
        return ''
    checkpoint, work_dir = _short(found), _short(runner.work_dir)
    config = _short(Path(runner.work_dir, Path(runner.cfg.filename or f'{runner.timestamp}.py').name))
    lines = commands_after(runner.cfg, config, checkpoint, work_dir)
    return '\n'.join(['Next:', *(f'  {line}  # {what}' for what, line in lines.items())])


def commands_after(cfg: Config, config: str, checkpoint: str, work_dir: str) -> dict[str, str]:
    """Commands by what they do, less those that refuse such a config.

    Args:
        cfg: the config.
        config, checkpoint, work_dir: paths, as the shell takes them.
    """
    is_detector = cfg.model.get('cls_head') is None
    takes_videos = not (is_detector or reads_flow(cfg))
    dump = '' if is_detector else f'--dump {work_dir}/predictions.pkl '  # boxes, which no report reads
    lines = {
        'test': f'mim test mmtin {config} --checkpoint {checkpoint} --work-dir {work_dir} {dump}--force'
    }
    if takes_videos:
        lines['predict'] = (
            f'mim run mmtin predict {_videos(cfg)} --config {config} --checkpoint {checkpoint} '
            f'--out {work_dir}/results.json --force'
        )
    lines['report'] = f'mim run mmtin report {work_dir} --force'
    if takes_videos and not sees_whole_clips(cfg):
        lines['export'] = f'mim run mmtin export_onnx {config} {checkpoint} {work_dir}/model.onnx --force'
    return lines


def _videos(cfg: Config) -> str:
    """The clips of the test set, if they are videos; else a word to replace."""
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    media = (dataset.get('data_prefix') or {}).get('video')
    if not media or not dataset.get('ann_file'):
        return 'VIDEOS'
    return f'{_short(dataset["ann_file"])} --media {_short(media)}'


def _short(path: str | Path) -> str:
    """A path for the shell, from the current folder if it lies there."""
    return shlex.quote(short_path(Path(path).absolute()))
