"""Frames from files, pipes and live sources."""

import gc
import os
import sys
import threading
import time
import wave
import weakref

import cv2
import numpy as np
import pytest

from mmtin.errors import UserError
from mmtin.prediction.frames import Frame, FrameSource, open_file, open_source
from mmtin.prediction.live import LiveFrames
from tests.prediction.small_recognizer import copy_packets, moving_frames, write_video


@pytest.fixture
def standard_input(monkeypatch):
    """Feed bytes to standard input through a pipe, which cannot seek."""
    threads = []

    def feed(data: bytes) -> None:
        ours, theirs = os.pipe()
        monkeypatch.setattr(sys, 'stdin', os.fdopen(ours))

        def write():
            with os.fdopen(theirs, 'wb') as pipe:
                pipe.write(data)

        threads.append(threading.Thread(target=write))
        threads[-1].start()

    yield feed
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    'suffix, codec, pix_fmt',
    [
        ('ts', 'libx264', 'yuv420p'),
        ('mkv', 'libx264', 'yuv420p'),
        ('nut', 'mpeg4', 'yuv420p'),
        ('y4m', 'wrapped_avframe', 'yuv420p'),
    ],
)
def test_pipe_of_any_container(tmp_path, standard_input, suffix, codec, pix_fmt):
    path = write_video(tmp_path / f'clip.{suffix}', moving_frames(40), fps=10, codec=codec, pix_fmt=pix_fmt)
    standard_input(path.read_bytes())
    with open_source('-') as source:
        assert source.fps == pytest.approx(10)
        frames = [(frame.seconds, frame.rgb()) for frame in source.frames]
    assert [seconds for seconds, _ in frames] == pytest.approx([t / 10 for t in range(40)], abs=1e-3)
    for (_, image), sent in zip(frames, moving_frames(40)):
        assert np.abs(image.astype(int) - sent).mean() < 16


def test_pipe_of_raw_frames(standard_input):
    sent = list(moving_frames(5, 20, 10))
    standard_input(b''.join(frame.tobytes() for frame in sent) + b'half a frame')
    with open_source('-', size=(20, 10), fps=4) as source:
        frames = list(source.frames)
    assert [frame.seconds for frame in frames] == [0, 0.25, 0.5, 0.75, 1]
    assert all((frame.rgb() == image).all() for frame, image in zip(frames, sent))


@pytest.mark.parametrize('b_frames', [0, 2])
def test_avi_with_dropped_frames(tmp_path, b_frames):
    """An AVI has an empty packet for each."""
    options = dict(g='25', bf=str(b_frames), flags='+cgop', sc_threshold='1000000000')
    whole = write_video(tmp_path / 'whole.avi', moving_frames(75), fps=25, codec='mpeg4', **options)
    path = copy_packets(whole, tmp_path / 'a.avi', lambda place: not 25 <= place < 50)
    with open_file(path) as source:
        times = [frame.seconds for frame in source.frames]
    assert times == pytest.approx([place / 25 for place in (*range(25), *range(50, 75))])


def test_frames_that_nobody_fetches_leave_no_decoder(tmp_path):
    """Its threads would be missing in a process that is forked, which hangs when it frees the decoder."""
    path = write_video(tmp_path / 'a.mp4', moving_frames(50))
    gc.collect()
    gc.disable()
    try:
        with open_file(path) as source:
            next(source.frames)
            frames = weakref.ref(source.frames)
        del source
        assert frames() is None
    finally:
        gc.enable()


def test_clock_that_jumps_back(tmp_path):
    part = write_video(tmp_path / 'a.ts', moving_frames(50), fps=25).read_bytes()
    (tmp_path / 'three.ts').write_bytes(3 * part)
    with open_file(tmp_path / 'three.ts') as source:
        times = [frame.seconds for frame in source.frames]
    assert times == pytest.approx([place / 25 for place in range(150)])


@pytest.mark.parametrize('jump, wanted', [(1e4, 0.04), (50, 50.04)])
def test_clock_that_jumps_ahead(tmp_path, jump, wanted):
    """Less than a minute may be a pause."""
    whole = write_video(tmp_path / 'whole.ts', moving_frames(50), fps=25, g='25', bf='0')
    path = copy_packets(whole, tmp_path / 'a.mkv', shift=lambda place: jump if place >= 25 else 0)
    with open_file(path) as source:
        steps = np.diff([frame.seconds for frame in source.frames])
    assert steps == pytest.approx([0.04] * 24 + [wanted] + [0.04] * 24, abs=2e-3)


@pytest.mark.parametrize(
    'data, size, sentence',
    [
        (b'no video at all' * 1000, None, 'cannot read video from standard input'),
        (b'', None, 'cannot read video from standard input'),
        (b'', (20, 10), r'standard input \(no frames\)'),
    ],
)
def test_pipe_without_video(standard_input, data, size, sentence):
    standard_input(data)
    with pytest.raises(UserError, match=sentence), open_source('-', size, 5.0 if size else None) as source:
        list(source.frames)


def test_sources_that_are_not_there(tmp_path):
    sound = tmp_path / 'sound.wav'
    with wave.open(str(sound), 'wb') as file:
        file.setparams((1, 1, 8000, 0, 'NONE', None))
        file.writeframes(bytes(8000))
    for source, sentence in {
        str(tmp_path / 'nothing.mp4'): 'no video at',
        str(tmp_path): 'no video at',
        '97': 'no camera 97',
        str(sound): 'no video track',
    }.items():
        with pytest.raises(UserError, match=sentence), open_source(source) as opened:
            list(opened.frames)
    with pytest.raises(UserError, match='--fps with --size'), open_source('-', (4, 4)):
        pass


def test_playlist_reads_no_other_file(tmp_path):
    """A playlist in the place of a video makes FFmpeg open nothing that it names."""
    write_video(tmp_path / 'secret.ts', moving_frames(20))
    (tmp_path / 'clip.mp4').write_text(
        f'#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{tmp_path}/secret.ts\n#EXTINF:2,\n'
        'http://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n'
    )
    with (
        pytest.raises(UserError, match='cannot read video'),
        open_source(str(tmp_path / 'clip.mp4')) as source,
    ):
        list(source.frames)


def test_clock_of_a_camera_starts_at_its_first_frame(monkeypatch):
    class Camera:
        """Takes 0.25 seconds to wake up, and gives 3 frames."""

        def __init__(self, device):
            self.left = 3

        def isOpened(self):  # noqa: N802
            return True

        def get(self, name):
            return 20

        def read(self):
            time.sleep(0.25 if self.left == 3 else 0.01)
            self.left -= 1
            return self.left >= 0, np.full((4, 6, 3), (0, 0, 255), np.uint8)

        def release(self):
            pass

    monkeypatch.setattr(cv2, 'VideoCapture', Camera)
    with open_source('0') as source:
        assert source.live and source.fps == 20
        frames = list(source.frames)
    first, second, third = (frame.seconds for frame in frames)
    assert first == 0 < second < third
    assert (frames[0].rgb() == (255, 0, 0)).all()


def live_source(count, error=None):
    """Frames that come faster than any network could take them."""
    delivered = threading.Event()

    def frames():
        for number in range(count):
            yield Frame(number / 10, lambda number=number: number)
        if error:
            raise error
        delivered.set()

    return FrameSource(10, frames(), live=True), delivered


def test_live_source_loses_its_oldest_frames():
    source, delivered = live_source(100)
    with LiveFrames(source, capacity=5) as live:
        assert delivered.wait(60)
        assert [frame.rgb() for frame in live] == [95, 96, 97, 98, 99]
    assert live.dropped == 95


def test_live_source_that_is_slow_loses_nothing():
    def frames():
        for number in range(10):
            yield Frame(number, lambda: None)
            time.sleep(0.005)

    with LiveFrames(FrameSource(10, frames(), live=True)) as live:
        assert [frame.seconds for frame in live] == list(range(10))
    assert live.dropped == 0


def test_live_source_that_breaks_says_so():
    source, _ = live_source(3, UserError('cannot read video from rtsp://camera'))
    with LiveFrames(source) as live, pytest.raises(UserError, match='rtsp://camera'):
        for _ in live:
            pass


def test_leaving_a_live_source_ends_its_thread():
    source, _ = live_source(10**9)
    with LiveFrames(source) as live:
        next(iter(live))
    assert not live._thread.is_alive()
