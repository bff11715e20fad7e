"""The faults of clips, without the processes around them."""

import pytest

from mmtin.datasets.preparing.decoding_faults import Decoding, fault_of
from tests.datasets.owner_files import write_clip


def test_faults_of_frames(tmp_path):
    for name in ('good', 'no_picture', 'no_last'):
        write_clip(tmp_path / name, 0)
    (tmp_path / 'no_picture/00010.jpg').write_bytes(b'no picture')
    (tmp_path / 'no_last/00010.jpg').unlink()

    def fault(name, num_frames=10):
        return fault_of(Decoding(str(tmp_path / name), num_segments=4, num_frames=num_frames))

    assert fault('good') is None
    assert fault('no_picture') == '00010.jpg cannot be decoded'
    assert '00010.jpg' in fault('no_last')
    assert fault('good', num_frames=0) == 'no frames'
    assert fault('absent') == 'missing'


@pytest.mark.parametrize('suffix', ['.mp4', '.avi', '.webm'])
def test_faults_of_videos(tmp_path, suffix):
    clip = tmp_path / f'clip{suffix}'
    write_clip(clip, 0)
    assert fault_of(Decoding(str(clip), num_segments=4)) is None
    for content in (b'', b'no video'):
        clip.write_bytes(content)
        reason = fault_of(Decoding(str(clip), num_segments=4))
        assert reason
        assert '\n' not in reason
