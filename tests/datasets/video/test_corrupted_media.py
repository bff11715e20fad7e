"""Corrupted copies of clips give an error or whole frames, and no crash, hang or leak."""

import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest

from mmtin.datasets.preparing.isolation import find_faults
from mmtin.datasets.video.decoding import VideoError, decode_frames, open_video
from tests.datasets.video.video_files import CLIPS, H264, SMALL, encode

TIME_LIMIT = 10  # seconds for one clip; one that is whole takes a tenth of a second


def truncate(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return data[: rng.integers(len(data))]


def flip_bits(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    places = rng.integers(0, len(data), rng.integers(1, 200))
    data[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    return data


def damage_header(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tables are at the beginning of a file, or at its end."""
    area = min(4096, len(data))
    start = rng.choice([0, len(data) - area])
    places = start + rng.integers(0, area, rng.integers(1, 50))
    data[places] = rng.integers(0, 256, len(places))
    return data


def overwrite(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    start, length = rng.integers(len(data)), rng.integers(1, len(data) // 4)
    data[start : start + length] = rng.integers(0, 256, len(data[start : start + length]))
    return data


CORRUPTIONS = (truncate, flip_bits, damage_header, overwrite)


class Corrupted(NamedTuple):
    path: Path
    seed: int

    @property
    def kind(self) -> str:
        return CORRUPTIONS[self.seed % len(CORRUPTIONS)].__name__

    def data(self) -> bytes:
        whole = np.frombuffer(self.path.read_bytes(), np.uint8).copy()
        corrupt = CORRUPTIONS[self.seed % len(CORRUPTIONS)]
        return corrupt(whole, np.random.default_rng(self.seed)).tobytes()


def decode(data: bytes) -> tuple[int, np.ndarray]:
    video = open_video(data)
    return video.num_frames, decode_frames(video, np.linspace(0, video.num_frames - 1, 8).astype(int))


def outcome(corrupted: Corrupted) -> str:
    """The result of decoding. In VP8 and VP9 any bytes are a valid stream, so damage cannot be detected."""
    try:
        num_frames, frames = decode(corrupted.data())
    except VideoError as error:
        return 'error' if '\n' not in str(error) else 'error of several lines'
    whole_num_frames, whole = decode(corrupted.path.read_bytes())
    if num_frames < whole_num_frames:
        return 'fewer frames'
    if np.abs(frames.astype(int) - whole).mean((1, 2, 3)).max() < 4 or corrupted.path.suffix == '.webm':
        return 'frames'
    return 'other frames'


def corrupted_copies(paths: list[Path], number: int, tmp_path: Path) -> list[Corrupted]:
    webm = [
        encode(tmp_path / f'{codec}.webm', codec, deadline='realtime') for codec in ('libvpx', 'libvpx-vp9')
    ]
    paths = [*paths, *webm]
    return [Corrupted(paths[seed // 4 % len(paths)], seed) for seed in range(number)]


def outcomes(batch: list[Corrupted]) -> str:
    """Called in a process of its own, which ends if one takes too long, even within FFmpeg."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    names = []
    for corrupted in batch:
        signal.alarm(TIME_LIMIT)
        names.append(outcome(corrupted))
    signal.alarm(0)
    return ', '.join(names)


def check(found: Counter) -> None:
    """Crashes and hangs have other names than these."""
    assert found.keys() <= {'error', 'fewer frames', 'frames', 'other frames'}, found
    assert found['error'] > found.total() / 2, found
    assert found['other frames'] <= found.total() / 100, found


def test_corrupted_clips(tmp_path):
    paths = [SMALL, H264[0], encode(tmp_path / 'mpeg4.avi', bf='2')]
    check(Counter(outcome(corrupted) for corrupted in corrupted_copies(paths, 100, tmp_path)))


@pytest.mark.skipif(not CLIPS.is_dir(), reason='the real clips lie beside the repository only')
def test_500_corruptions_of_real_clips(tmp_path):
    paths = [path for path in sorted(CLIPS.rglob('*')) if path.suffix in ('.avi', '.mkv', '.mp4')]
    surveillance = [path for path in paths if 'fight_surv' in path.parts]
    paths = [path for path in paths if path not in surveillance and path.stat().st_size < 1e6]
    assert {path.suffix for path in paths} == {'.avi', '.mkv', '.mp4'}
    copies = corrupted_copies(paths + surveillance[:4], 500, tmp_path)
    batches = [copies[start : start + 20] for start in range(0, 500, 20)]
    found = []
    for index, names in find_faults(outcomes, batches, workers=2, time_limit=20 * TIME_LIMIT):
        print(f'seeds {20 * index} to {20 * index + 19}: {names}')
        found += names.split(', ')
    check(Counter(found))
    assert len(found) == 500


def resident_memory(data: list[bytes], rounds: int) -> int:
    """In bytes, after so many turns at decoding 3 frames of each file, whole or not."""
    for turn in range(rounds):
        with suppress(VideoError):
            video = open_video(data[turn % len(data)])
            decode_frames(video, np.arange(0, min(video.num_frames, 24), 8))
    return psutil.Process().memory_info().rss


def leaking_files(tmp_path: Path) -> list[bytes]:
    files = [SMALL, encode(tmp_path / 'a.avi', bf='2'), encode(tmp_path / 'b.webm', 'libvpx')]
    whole = [path.read_bytes() for path in files]
    return 4 * whole + [Corrupted(path, seed).data() for path in files for seed in range(4)]


def test_memory_after_5000_decodes(tmp_path):
    data = leaking_files(tmp_path)
    before = resident_memory(data, 500)
    after = resident_memory(data, 4500)
    assert after < 1.1 * before
    assert after - before < 16e6, f'{before / 1e6:.1f} MB after 500 decodes, {after / 1e6:.1f} after 5,000'
