"""Copies of videos with text on them, as players and browsers open them."""

import av
import numpy as np
import pytest

from mmtin.prediction import write_annotated_video
from tests.prediction.small_recognizer import moving_frames, turn, write_video


def read(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ('h264', 'yuv420p')
        assert (stream.width % 2, stream.height % 2) == (0, 0)
        assert not container.streams.audio
        frames = list(container.decode(stream))
        return [f.time for f in frames], [f.to_ndarray(format='rgb24') for f in frames]


def assert_same_picture(image, original):
    height, width = original.shape[:2]
    difference = np.abs(image[:height, :width].astype(int) - original)
    assert difference[height * 2 // 3 :].mean() < 8
    assert difference[: height // 3, : width // 3].mean() > 10, 'no caption in the upper left corner'


@pytest.mark.parametrize('width, height', [(160, 120), (161, 121)])
def test_copy(tmp_path, width, height):
    video = write_video(tmp_path / 'a.mkv', moving_frames(20, width, height), codec='ffv1', pix_fmt='bgra')
    out = tmp_path / 'sub/a.mp4'
    write_annotated_video(video, out, ['riding a bike  98.1%', 'naïve «Straße» <b>  1.2%'])
    times, images = read(out)
    assert times == pytest.approx([t / 12 for t in range(20)], abs=1e-3)
    for image, original in zip(images, moving_frames(20, width, height)):
        assert_same_picture(image, original)
    assert list(out.parent.iterdir()) == [out], 'nothing else is left'


def test_turned_by_metadata(tmp_path):
    flat = write_video(tmp_path / 'flat.mp4', moving_frames(10, 160, 120))
    write_annotated_video(turn(flat, tmp_path / 'turned.mp4', 160, 120), tmp_path / 'out.mp4', ['text'])
    _, images = read(tmp_path / 'out.mp4')
    for image, original in zip(images, moving_frames(10, 160, 120)):
        assert_same_picture(image, original.swapaxes(0, 1)[:, ::-1])


def test_variable_frame_rate(tmp_path):
    times = [0, 40, 500, 510, 2000]
    video = write_video(tmp_path / 'a.mkv', moving_frames(5), times=times)
    write_annotated_video(video, tmp_path / 'out.mp4', ['text'])
    assert read(tmp_path / 'out.mp4')[0] == pytest.approx([t / 1000 for t in times], abs=1e-3)


def test_nothing_half_written(tmp_path):
    (tmp_path / 'text.mp4').write_text('no video')
    with pytest.raises(av.error.FFmpegError):
        write_annotated_video(tmp_path / 'text.mp4', tmp_path / 'out.mp4', ['text'])
    assert [path.name for path in tmp_path.iterdir()] == ['text.mp4']
