"""Scores of clips in files: what ``mim test CONFIG --checkpoint FILE --dump FILE.pkl`` writes.

Such a file is a pickle, which could run any code while it is read; the reader here builds tensors, arrays
and Python's own containers and refuses everything else.
"""

import io
import os.path
import pickle
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmaction.structures.action_data_sample import format_label
from mmengine.config import Config

from mmtin.errors import UserError

# Keys of a sample that name its clip: of videos, and of folders of frames.
_NAME_KEYS = ('filename', 'frame_dir')


@dataclass(frozen=True, eq=False)
class ScoredClip:
    """A clip of the test set and what a recognizer says of it.

    Attributes:
        name: path of the video or folder of frames as the dataset has it; None in a dump without names.
        scores: ``[classes]``, float32, in label order.
        label: the class, -1 if it is not known, or ``[classes]`` with 1 for each of several classes.
    """

    name: str | None
    scores: np.ndarray
    label: int | np.ndarray


def name_clips(cfg: Config) -> None:
    """Let the samples of the test set carry the names of their clips, in place.

    A dump of MMAction2's has scores and labels alone; with the names in the samples' meta information it
    has these too.
    """
    for step in cfg.test_dataloader.dataset.get('pipeline', ()):
        if step.type == 'PackActionInputs':
            # Its defaults, which a tuple of ours would replace.
            keys = step.get('meta_keys', ('img_shape', 'img_key', 'video_id', 'timestamp'))
            step.meta_keys = tuple(dict.fromkeys((*keys, *_NAME_KEYS)))


def read_dump(path: str | Path) -> list[ScoredClip]:
    """The clips of a dump in the order of the test list. Nothing in the file is run.

    Raises:
        UserError: if it is missing, cut off, holds anything but numbers and their containers, or is no
            dump of a recognizer.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(
            f'no dump at {path}; `mim test mmtin CONFIG --checkpoint FILE --dump {path}` writes it'
        )
    try:
        with path.open('rb') as file:
            samples = _NumbersUnpickler(file).load()
    except UserError as error:
        raise UserError(f'{path} {error}') from error
    except Exception as error:  # a damaged pickle can raise anything
        reason = f'{type(error).__name__}: {error}'.strip().splitlines()[0]
        raise UserError(
            f'cannot read {path} as a dump ({reason}); write it anew with `mim test ... --dump`'
        ) from error
    if not isinstance(samples, list) or not samples:
        raise UserError(f'{path} is no dump of a test: expected a list of clips with their scores')
    clips = [_clip(path, index, sample) for index, sample in enumerate(samples)]
    sizes = {len(clip.scores) for clip in clips}
    if len(sizes) > 1:
        raise UserError(
            f'{path} has scores of {min(sizes)} and of {max(sizes)} classes; expected one number'
        )
    return clips


def write_dump(path: str | Path, clips: Sequence[ScoredClip]) -> None:
    """Write clips as MMAction2's ``DumpResults`` does; a file that is there is replaced in one step."""
    samples = []
    for clip in clips:
        scores = torch.from_numpy(clip.scores)
        names = {} if clip.name is None else {_NAME_KEYS[0]: clip.name}
        samples.append(
            dict(
                pred_score=scores,
                pred_label=scores.argmax(dim=0, keepdim=True),
                gt_label=format_label(clip.label),
                **names,
            )
        )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix='.new-', delete=False) as file:
        pickle.dump(samples, file, protocol=2)
    Path(file.name).replace(path)


def relative_names(clips: Sequence[ScoredClip]) -> list[str] | None:
    """Names of the clips below the folder that all are in; None if a clip has no name.

    The media of a set may lie in different places on different machines; this part of the names stays.
    """
    if any(clip.name is None for clip in clips):
        return None
    folder = os.path.commonpath([os.path.dirname(clip.name) for clip in clips])
    return [os.path.relpath(clip.name, folder or os.curdir) for clip in clips]


def _clip(path: Path, index: int, sample: object) -> ScoredClip:
    where = f'{path}, clip {index + 1}'
    if not isinstance(sample, dict) or not {'pred_score', 'gt_label'} <= sample.keys():
        raise UserError(f'{where}: expected pred_score and gt_label, as `mim test ... --dump` writes them')
    if isinstance(sample['pred_score'], dict):
        raise UserError(f'{where} has scores of several streams; expected those of one')
    scores = np.asarray(sample['pred_score'], dtype=np.float32)
    label = np.atleast_1d(np.asarray(sample['gt_label']))
    if scores.ndim != 1 or not np.isfinite(scores).all():
        raise UserError(f'{where}: expected one finite score a class, got an array {list(scores.shape)}')
    if label.shape not in ((1,), scores.shape) or (label.shape == (1,) and label[0] >= len(scores)):
        raise UserError(f'{where}: a label {label.tolist()} does not fit scores of {len(scores)} classes')
    name = next((str(sample[key]) for key in _NAME_KEYS if sample.get(key)), None)
    return ScoredClip(name, scores, int(label[0]) if len(label) == 1 else label)


def _read_storage(data: bytes) -> object:
    """The numbers of a tensor; torch's own function for it reads them with an unrestricted pickle."""
    return torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)


def _encode(text: str, encoding: str) -> bytes:
    """How pickle's protocol 2 keeps bytes."""
    if encoding != 'latin1':
        raise UserError(f'encodes bytes as {encoding!r}: not a dump of a test, and not read')
    return text.encode(encoding)


_RECONSTRUCT, _SCALAR = (value.__reduce__()[0] for value in (np.empty(0), np.float64(0)))
_KNOWN = {
    'torch._utils._rebuild_tensor_v2': torch._utils._rebuild_tensor_v2,
    'torch.storage._load_from_bytes': _read_storage,
    '_codecs.encode': _encode,
    'collections.OrderedDict': OrderedDict,
    'numpy.ndarray': np.ndarray,
    'numpy.dtype': np.dtype,
    # As numpy 1 and numpy 2 write them.
    'numpy.core.multiarray._reconstruct': _RECONSTRUCT,
    'numpy._core.multiarray._reconstruct': _RECONSTRUCT,
    'numpy.core.multiarray.scalar': _SCALAR,
    'numpy._core.multiarray.scalar': _SCALAR,
}


class _NumbersUnpickler(pickle.Unpickler):
    """Knows what tensors and arrays are made of, and no other name."""

    def find_class(self, module: str, name: str) -> object:
        """What a pickle may call."""
        try:
            return _KNOWN[f'{module}.{name}']
        except KeyError:
            raise UserError(
                f'names {module}.{name}, which scores have no use for: not a dump of a test, and not read'
            ) from None
