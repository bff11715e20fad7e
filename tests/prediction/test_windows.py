"""Sliding windows over a video: their frames, when they are yielded, and the frames in memory."""

import itertools
import threading
import weakref

import numpy as np
import psutil
import pytest
import torch
from mmaction.apis import inference_recognizer

from mmtin.prediction.frames import Frame, FrameSource, open_file
from mmtin.prediction.live import LiveFrames
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.predict import predict_windows
from mmtin.prediction.windows import cut_windows, even_spans, on_grid, sliding_spans
from tests.prediction.small_recognizer import moving_frames, write_video


class Numbers:
    """A pipeline whose clip is the numbers of the frames sampled: the first, a middle one and the last."""

    def sampled(self, num_frames, fps):
        return dict(frame_inds=np.array([0, num_frames // 2, num_frames - 1]))

    def shrink(self, image):
        return image

    def pack(self, sampled, frames):
        return frames


def numbered(times):
    return [Frame(time, lambda number=number: number) for number, time in enumerate(times)]


def cut(times, fps, spans, **options):
    windows = cut_windows(numbered(times), fps, spans, Numbers(), **options)
    return [(window.start, window.stop, window.sample) for window in windows]


def test_windows_of_even_frames():
    assert cut([t / 10 for t in range(12)], 10, sliding_spans(0.6, 0.3, 10)) == [
        (0, 6, [0, 3, 5]),
        (3, 9, [3, 6, 8]),
        (6, 12, [6, 9, 11]),
        # A tail of half a window: the last frame stands for what is missing.
        (9, 12, [9, 11, 11]),
    ]


def test_gaps_between_windows():
    assert cut([t / 10 for t in range(12)], 10, sliding_spans(0.3, 0.5, 10)) == [
        (0, 3, [0, 1, 2]),
        (5, 8, [5, 6, 7]),
        (10, 12, [10, 11, 11]),
    ]


def test_a_short_video_is_one_window():
    assert cut([0, 0.1], 10, sliding_spans(5, 1, 10)) == [(0, 2, [0, 1, 1])]


def test_variable_frame_rate():
    """A frame lasts until the next one; of two at one place the first counts."""
    times = [0, 0.1, 0.11, 0.4, 0.5, 0.9]
    assert cut(times, 10, sliding_spans(0.5, 0.5, 10)) == [(0, 5, [0, 1, 3]), (5, 10, [4, 4, 5])]


@pytest.mark.parametrize('rate, fps', [(24, 4), (30, 15), (60, 15), (25, 10), (30, 30), (29.97, 29.97)])
@pytest.mark.parametrize('digits', [3, 9], ids=['milliseconds', 'nanoseconds'])
def test_a_regular_rate_stays_one(rate, fps, digits):
    """Though places lie between frames, and times are rounded."""
    frames = numbered([round(number / rate, digits) for number in range(300)])
    taken = [shrunk() for _, shrunk in on_grid(frames, fps, Numbers())][1:]
    steps = set(np.diff(taken).tolist())
    assert max(steps) - min(steps) <= (rate % fps > 0) and min(steps) == int(rate / fps)


def test_a_live_source_whose_first_frames_are_lost():
    """The first frame that comes is at place 0."""
    delivered = threading.Event()

    def frames():
        yield from numbered([number / 10 for number in range(12)])
        delivered.set()

    with LiveFrames(FrameSource(10, frames(), live=True), capacity=6) as live:
        assert delivered.wait(60)
        windows = cut_windows(live, 10, sliding_spans(0.3, 0.3, 10), Numbers())
        assert [(window.start, window.stop, window.sample) for window in windows] == [
            (0, 3, [6, 7, 8]),
            (3, 6, [9, 10, 11]),
        ]


def test_even_spans_divide_a_video():
    assert even_spans(10, 4) == [(0, 2), (2, 3), (5, 2), (7, 3)]
    assert cut([t / 10 for t in range(10)], 10, even_spans(10, 2), fill_all=True) == [
        (0, 5, [0, 2, 4]),
        (5, 10, [5, 7, 9]),
    ]


@pytest.mark.parametrize('said', [2, 7, 30])
def test_as_many_windows_as_asked_for(said):
    """A video with fewer frames than windows, or than its header states."""
    windows = cut([t / 10 for t in range(7)], 10, even_spans(said, 9), fill_all=True)
    assert len(windows) == 9
    assert all(0 <= number < 7 for *_, sample in windows for number in sample)
    assert all(start <= stop <= 7 for start, stop, _ in windows)


def test_only_sampled_frames_stay():
    """For an endless video only the sampled frames of open windows are in memory."""
    images = weakref.WeakSet()
    most = 0

    class Image:
        pass

    def frames():
        for number in itertools.count():
            image = Image()
            images.add(image)
            yield Frame(number / 25, lambda image=image: image)

    windows = cut_windows(frames(), 25, sliding_spans(4, 1, 25), Numbers())
    for window in itertools.islice(windows, 200):
        most = max(most, len(images))
        last = window.start
    assert last == 199 * 25
    # 3 of each of 4 open windows, the window handed over, and a frame at hand.
    assert most <= 3 * 4 + 3 + 2


def test_a_window_is_what_mmaction2_infers(tmp_path, model):
    """Windows of a long video score as MMAction2 scores a file of the same frames."""
    frames = list(moving_frames(50))
    # Without loss, so that a part has the very pixels of the whole.
    whole = write_video(tmp_path / 'whole.mkv', frames, codec='ffv1')
    with open_file(whole) as source:
        assert source.fps == 12
        windows = cut_windows(
            source.frames, source.fps, sliding_spans(1.5, 1, source.fps), TestPipeline(model.cfg)
        )
        lines = list(predict_windows(model, windows, source.fps, 'abcdef', k=6, smoothing=0.25))
    assert [(line['start'], line['end']) for line in lines] == [(0, 1.5), (1, 2.5), (2, 3.5), (3, 4.167)]

    smooth = None
    for line, start in zip(lines[:3], (0, 12, 24)):
        part = write_video(tmp_path / 'part.mkv', frames[start : start + 18], codec='ffv1')
        scores = inference_recognizer(model, str(part)).pred_score
        smooth = scores if smooth is None else 0.25 * scores + 0.75 * smooth
        for key, wanted in (('predictions', scores), ('smoothed', smooth)):
            found = torch.empty(6)
            for entry in line[key]:
                found[entry['label']] = entry['score']
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert lines[0]['smoothed'] == lines[0]['predictions'] != lines[1]['predictions']


def test_memory_does_not_grow(tmp_path, model):
    """3,000 frames of 320 x 240 pixels, 690 MB if they stayed: no growth after the first quarter."""
    few = list(moving_frames(50, 320, 240))
    path = write_video(
        tmp_path / 'long.mp4', itertools.islice(itertools.cycle(few), 3000), fps=25, preset='ultrafast'
    )
    process = psutil.Process()
    memory = []
    with open_file(path) as source:
        windows = cut_windows(source.frames, 25, sliding_spans(4, 4, 25), TestPipeline(model.cfg))
        for _ in predict_windows(model, windows, 25, 'abcdef'):
            memory.append(process.memory_info().rss / 1e6)
    assert len(memory) == 30
    assert memory[-1] - memory[7] < 10, 'megabytes'
