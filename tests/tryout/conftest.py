"""One page for all tests of it, and the videos that they give it."""

from pathlib import Path

import pytest

from tests.prediction.small_recognizer import moving_frames, write_video
from tests.tryout.served_page import MAX_SIZE, served


@pytest.fixture(scope='package')
def page(tmp_path_factory):
    with served(tmp_path_factory.mktemp('tin'), 'tin_r18_demo') as page:
        yield page


@pytest.fixture(scope='package')
def videos(tmp_path_factory) -> Path:
    """A folder with a video of four seconds, one of a format that browsers do not play, and faulty ones."""
    folder = tmp_path_factory.mktemp('videos')
    write_video(folder / 'moving.mp4', moving_frames(48))
    write_video(folder / 'short.mp4', moving_frames(3))
    write_video(folder / 'old.avi', moving_frames(24, 80, 60), codec='mpeg4')
    write_video(folder / 'long.mp4', moving_frames(24, 32, 32), fps=1)
    (folder / 'text.mp4').write_text('no video')
    (folder / 'cut.mp4').write_bytes((folder / 'moving.mp4').read_bytes()[:2000])
    (folder / 'empty.mp4').touch()
    (folder / 'huge.mp4').write_bytes(bytes(MAX_SIZE * 1_000_000 + 1))
    return folder
