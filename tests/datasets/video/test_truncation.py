"""A file that is shorter than it states is recognised, wherever it is cut off."""

import numpy as np
import pytest

from mmtin.datasets.video.truncation import is_cut_off
from tests.datasets.video.video_files import CLIPS, H264, SMALL, encode, needs_real_clips

FORMATS = {'avi': 'mpeg4', 'mp4': 'mpeg4', 'mkv': 'mpeg4', 'webm': 'libvpx'}


def cuts(data: bytes) -> list[bytes]:
    return [data[: int(end)] for end in np.linspace(200, len(data) - 1, 20)]


@pytest.mark.parametrize('suffix', FORMATS)
def test_written_files(tmp_path, suffix):
    data = encode(tmp_path / f'video.{suffix}', FORMATS[suffix]).read_bytes()
    assert not is_cut_off(data)
    assert all(is_cut_off(cut) for cut in cuts(data))


@pytest.mark.parametrize('path', [*H264, SMALL], ids=lambda path: path.stem)
def test_mp4_with_tables_before_and_behind_the_frames(path):
    data = path.read_bytes()
    assert not is_cut_off(data)
    assert not is_cut_off(data + b'\0\0\0\x20skip')  # what is missing then is nothing
    assert is_cut_off(data[:-9])


@needs_real_clips
def test_real_files():
    paths = [path for path in CLIPS.rglob('*') if path.suffix in ('.avi', '.mp4', '.mkv')]
    assert len(paths) > 60
    assert [path.name for path in paths if is_cut_off(path.read_bytes())] == []
    assert [path.name for path in paths if not is_cut_off(path.read_bytes()[:-999])] == []


def test_a_recording_of_unknown_length_and_other_files_do_not_say():
    ebml, segment = b'\x1a\x45\xdf\xa3\x84abcd', b'\x18\x53\x80\x67'
    assert not is_cut_off(ebml + segment + b'\x01' + b'\xff' * 7 + b'clusters')
    assert not is_cut_off(ebml + segment + b'\x81.')
    assert is_cut_off(ebml + segment + b'\x82.')
    for data in (b'', b'no video', b'\x47' * 188):
        assert not is_cut_off(data)
