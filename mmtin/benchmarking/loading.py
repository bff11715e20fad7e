"""Time the loading from compressed video to tensor, MMAction2's stock transforms against ours.

Subjects load every video once and return their number. ``stock`` opens and decodes with DecordInit and
DecordDecode, ``fast`` with VideoInit and VideoDecode, ``torchcodec`` with torchcodec; all other steps are
the same. Before anything is timed, all must sample the same frames, and ours must equal those that decord
returns when it reads the video from its start, without seeking. If others give other frames, as decord does
where it seeks wrongly in some MPEG-4 files, a warning says so.
"""

import random
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import decord
import numpy as np
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose
from torch.utils.data import DataLoader, Dataset

from mmtin.benchmarking.output import record
from mmtin.benchmarking.timing import alternate, compare
from mmtin.benchmarking.torchcodec_loading import TorchCodecDecode, TorchCodecInit
from mmtin.datasets.synthetic.classes import SyntheticClip
from mmtin.datasets.synthetic.drawing import write_video
from mmtin.errors import UserError

_SUFFIXES = ('.avi', '.mkv', '.mp4', '.webm')
# Largest difference from decord's pixels, of 255.
_TOLERANCE = 2
# Generated videos: width, height, number of frames, number of videos.
_SIZES = ((340, 256, 250, 4), (1280, 720, 100, 2))

# The steps that open a video and decode the frames that are sampled between.
_DECODING = {
    'stock': (dict(type='DecordInit'), dict(type='DecordDecode')),
    'fast': (dict(type='VideoInit'), dict(type='VideoDecode')),
    'torchcodec': (dict(type=TorchCodecInit), dict(type=TorchCodecDecode)),
}
# Subjects that are timed always, and those that are only on request.
_ALWAYS = ('stock', 'fast')
OTHERS = ('torchcodec',)
_SAMPLING = dict(type='SampleFrames', clip_len=1, frame_interval=1, keep_tail_frames=True)
_SHORT_SIDE = dict(type='Resize', scale=(-1, 256))
# The steps after decoding in the experiments with 224 pixels.
_AUGMENTATION = {
    'train': [
        _SHORT_SIDE,
        dict(
            type='MultiScaleCrop', input_size=224, scales=(1, 0.875, 0.75, 0.66), random_crop=False,
            max_wh_scale_gap=1,
        ),
        dict(type='Resize', scale=(224, 224), keep_ratio=False),
        dict(type='Flip', flip_ratio=0.5),
    ],
    'test': [_SHORT_SIDE, dict(type='CenterCrop', crop_size=224)],
}  # fmt: skip
_PACK = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]


def measure(
    videos: Path | None,
    num_segments: int,
    repeats: int,
    warmup: int,
    others: Sequence[str] = (),
    track: Callable[[range], Iterable[int]] = iter,
) -> list[dict[str, object]]:
    """Records of all subjects, each against its ``stock``, with clips a second.

    Args:
        videos, num_segments, others: as in :func:`loading_subjects`.
        repeats, warmup: rounds, as in :func:`mmtin.benchmarking.timing.alternate`.
        track: wraps the rounds to show progress.

    Raises:
        UserError: if there are no videos, or a clip is decoded wrongly.
    """
    subjects = loading_subjects(videos, num_segments, others)
    clips = {name: call() for name, call in subjects.items()}
    seconds = alternate(subjects, repeats, warmup, track=track)
    # 'train, fast' is compared with 'train, stock'.
    stock = {name: f'{name.rpartition(", ")[0]}, stock' for name in subjects}
    rows = compare(seconds, {name: {'stock': other} for name, other in stock.items() if other in subjects})
    return [record({}, row, **{'clips/s': clips[row.name] / row.median}) for row in rows]


def loading_subjects(
    videos: Path | None, num_segments: int, others: Sequence[str] = ()
) -> dict[str, Callable[[], int]]:
    """Subjects named ``mode, which videos, stock`` and ``..., fast``, checked.

    Args:
        videos: a folder, whose videos at any depth are loaded. None generates videos of moving textures
            in a temporary folder, in MPEG-4 Part 2, of 340 x 256 and 1280 x 720 pixels.
        num_segments: T, frames per clip.
        others: of OTHERS, to be timed besides.

    Raises:
        UserError: if there are no videos, or a clip is decoded wrongly, or another does not import.
    """
    # As in mmengine: clips are loaded in parallel.
    cv2.setNumThreads(0)
    return {
        name: subject
        for kind, files in _groups(videos)
        for name, subject in _subjects(kind, files, num_segments, (*_ALWAYS, *others)).items()
    }


def pipeline(mode: str, decoding: str, num_segments: int) -> Compose:
    """The steps for ``mode`` 'train' or 'test', decoding 'stock', 'fast' or 'torchcodec'."""
    init, decode = _DECODING[decoding]
    sampling = dict(_SAMPLING, num_clips=num_segments, test_mode=mode == 'test')
    steps = [init, sampling, decode, *_AUGMENTATION[mode], *_PACK]
    return Compose([TRANSFORMS.build(step) for step in steps])


def check_clip(file: Path, num_segments: int, decodings: Sequence[str] = _ALWAYS) -> None:
    """Refuse to time a video that our transforms decode wrongly.

    Raises:
        UserError: if they sample other frames than the others, or the pixels are not those of the
            frames.
    """
    totals, inds, imgs = {}, {}, {}
    for name in decodings:
        results = _seeded(Compose(pipeline('train', name, num_segments).transforms[:3]), file)
        totals[name] = results['total_frames']
        inds[name], imgs[name] = results['frame_inds'], np.stack(results['imgs']).astype(int)
    others = [name for name in decodings if name != 'fast']
    for name in others:
        if totals['fast'] != totals[name]:
            warnings.warn(f'{file}: {totals["fast"]} frames, {name} counts {totals[name]}', stacklevel=2)
        elif not np.array_equal(inds['fast'], inds[name]):
            raise UserError(f'{file}: sampled frames {inds["fast"]}, {name} {inds[name]}; not timed')
    shown = _read_in_order(file, inds['fast']).astype(int)
    if (difference := np.abs(imgs['fast'] - shown).max()) > _TOLERANCE:
        raise UserError(
            f'{file}: pixels differ by {difference} of 255 from the frames asked for; not timed'
        )
    for name in others:
        if not np.array_equal(inds['fast'], inds[name]):
            continue
        if (difference := np.abs(imgs[name] - shown).max()) > _TOLERANCE:
            warnings.warn(
                f'{file}: {name} differs by {difference} of 255 from the frames asked for', stacklevel=2
            )


def _groups(videos: Path | None) -> Iterator[tuple[str, list[Path]]]:
    if videos is None:
        for width, height, num_frames, number in _SIZES:
            folder = tempfile.TemporaryDirectory(prefix='mmtin-')
            files = [Path(folder.name, f'{seed}.mp4') for seed in range(number)]
            for seed, file in enumerate(files):
                write_video(file, SyntheticClip(moving_texture(width, height, num_frames, seed), 25))
            yield f'{width} x {height}', _Held(files, folder)
        return
    files = sorted(file for file in videos.rglob('*') if file.suffix.lower() in _SUFFIXES)
    if not files:
        raise UserError(f'no videos ({", ".join(_SUFFIXES)}) in {videos}; name another folder')
    yield videos.name, files


class _Held(list):
    """Files, and the temporary folder that holds them."""

    def __init__(self, files: list[Path], folder: tempfile.TemporaryDirectory) -> None:
        super().__init__(files)
        self.folder = folder


def moving_texture(width: int, height: int, num_frames: int, seed: int) -> np.ndarray:
    """A camera pan over a picture with details of every size: uint8 ``[T, H, W, 3]``, BGR."""
    rng = np.random.default_rng(seed)
    size = (width + num_frames, height + num_frames // 2)
    picture = sum(
        cv2.resize(rng.uniform(0, 255 / 5, (cells, cells, 3)), size, interpolation=cv2.INTER_CUBIC)
        for cells in (4, 16, 64, 256)
    )
    picture = (picture + rng.uniform(0, 255 / 5, picture.shape)).clip(0, 255).astype(np.uint8)
    return np.stack([picture[t // 2 : t // 2 + height, t : t + width] for t in range(num_frames)])


def _subjects(
    kind: str, files: list[Path], num_segments: int, decodings: Sequence[str]
) -> dict[str, Callable[[], int]]:
    for file in files:
        check_clip(file, num_segments, decodings)
    subjects = {}
    for mode in _AUGMENTATION:
        for name in decodings:
            clips = _Clips(files, pipeline(mode, name, num_segments))
            workers = DataLoader(
                clips,
                batch_size=None,
                num_workers=2,
                persistent_workers=True,
                worker_init_fn=_single_thread,
            )
            subjects[f'{mode}, {kind}, {name}'] = clips.load
            subjects[f'{mode}, {kind}, 2 workers, {name}'] = partial(_count, workers)
    return subjects


def _count(workers: DataLoader) -> int:
    return sum(1 for _ in workers)


class _Clips(Dataset):
    """The data set that a DataLoader loads."""

    def __init__(self, files: list[Path], steps: Compose) -> None:
        self.files, self.steps = files, steps

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> np.ndarray:
        return _seeded(self.steps, self.files[index])['inputs']

    def load(self) -> int:
        return sum(1 for index in range(len(self)) if self[index] is not None)


def _seeded(steps: Compose, file: Path) -> dict:
    """Results of a pipeline with the same random draws each time."""
    np.random.seed(0)
    random.seed(0)
    return steps(dict(filename=str(file), start_index=0, modality='RGB', label=0))


def _single_thread(_: int) -> None:
    cv2.setNumThreads(0)


def _read_in_order(file: Path, frame_inds: np.ndarray) -> np.ndarray:
    reader = decord.VideoReader(str(file), num_threads=1)
    wanted = set(frame_inds.tolist())
    frames = {
        index: frame.asnumpy()
        for index, frame in ((index, reader.next()) for index in range(max(wanted) + 1))
        if index in wanted
    }
    return np.stack([frames[index] for index in frame_inds.tolist()])
