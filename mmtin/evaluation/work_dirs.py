"""What a work directory of mmengine's Runner holds, and a network and clips built from it."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mmaction.apis import init_recognizer
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from torch import nn

from mmtin.checkpoint import read_checkpoint
from mmtin.config import choose_test_protocol, match_num_segments
from mmtin.errors import UserError
from mmtin.evaluation.interlacing_recorder import interlacing_layers


def read_config(path: str | Path) -> Config:
    """A config file ready to build from, with what mmtin completes in it. Reading it runs its code.

    Raises:
        UserError: if it is damaged, or asks for what cannot be.
    """
    try:
        cfg = Config.fromfile(path)
    except SyntaxError as error:
        raise UserError(f'the config {path} is damaged or cut off; {error}') from error
    init_default_scope(cfg.get('default_scope') or 'mmaction')
    choose_test_protocol(cfg)
    match_num_segments(cfg)
    return cfg


def config_file(work_dir: str | Path) -> Path:
    """The config that the Runner last wrote into a work directory.

    Raises:
        UserError: if there is none.
    """
    files = sorted(Path(work_dir).glob('*.py'), key=lambda path: path.stat().st_mtime)
    if not files:
        raise UserError(
            f'no config in {work_dir}: it must be a work directory that `mim train` or `mim test` filled'
        )
    return files[-1]


def last_checkpoint(work_dir: str | Path) -> Path:
    """The newest checkpoint of a training, also where its work directory was moved.

    Raises:
        UserError: if there is none.
    """
    work_dir = Path(work_dir)
    note = work_dir / 'last_checkpoint'
    if note.is_file():
        path = Path(note.read_text().strip())
        for candidate in (work_dir / path.name, path):
            if candidate.is_file():
                return candidate
    raise UserError(f'no checkpoint in {work_dir}; name one with its config instead of the work directory')


def load_tin(cfg: Config, checkpoint: str | Path, device: str) -> nn.Module:
    """A recognizer with TIN layers in eval mode.

    Raises:
        UserError: if the checkpoint cannot be read, or it or the config has no TIN layers.
    """
    weights = read_checkpoint(checkpoint)
    names = weights.get('state_dict', weights).keys()
    if not any('.offset_net.' in name for name in names):
        raise UserError(
            f'{checkpoint} has no TIN layers, so there is nothing to draw; name one of a TINResNet'
        )
    model = init_recognizer(cfg, str(checkpoint), device)
    if not interlacing_layers(model):
        raise UserError('the config builds a network without TIN layers; name the one of the checkpoint')
    return model


def clips_dataset(cfg: Config, clips: Sequence[Path] = ()) -> BaseDataset:
    """The test set of a config, or with its pipeline other clips: videos, or folders of frames.

    Raises:
        UserError: if a clip or the data are not there, or the pipeline cannot open such clips.
    """
    dataset = cfg.test_dataloader.dataset.copy()
    if not clips:
        return DATASETS.build(dataset)
    frames = 'Rawframe' in dataset.type
    for clip in clips:
        if not (clip.is_dir() if frames else clip.is_file()):
            raise UserError(
                f'no {"folder of frames" if frames else "video file"} at {clip}, as the config reads'
            )
    folder = Path(tempfile.mkdtemp())
    try:
        lines = [
            f'{clip.resolve()} {len(list(clip.iterdir()))} 0' if frames else f'{clip.resolve()}\t0'
            for clip in clips
        ]
        (folder / 'clips.txt').write_text(''.join(f'{line}\n' for line in lines))
        dataset.update(ann_file=str(folder / 'clips.txt'), data_prefix={'img' if frames else 'video': ''})
        if not frames:
            dataset.delimiter = '\t'
        return DATASETS.build(dataset)
    finally:
        shutil.rmtree(folder)


def clip_name(dataset: BaseDataset, index: int) -> str:
    """The name of a clip's file, or folder of frames."""
    info = dataset.get_data_info(index)
    return Path(info.get('filename') or info['frame_dir']).name
