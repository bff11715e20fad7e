"""Lists of either kind, and the faults of clips, without the processes around them."""

import pytest

from mmtin.datasets.preparing.checking import Decoding, fault_of, read_list
from mmtin.errors import UserError
from tests.datasets.owner_files import write_clip, write_lines


@pytest.mark.parametrize(
    'line, path',
    [
        ('a/b.mp4\t3', 'a/b.mp4'),
        ('a/b.mp4\t3\t4', 'a/b.mp4'),
        ('two words/b.mp4\t3', 'two words/b.mp4'),
        ('a/b.mp4 3 4', 'a/b.mp4'),
        ('part 2/b 1.mp4 -1', 'part 2/b 1.mp4'),
        ('part 2/b.mp4', 'part 2/b.mp4'),
    ],
)
def test_paths_of_videos(tmp_path, line, path):
    write_lines(tmp_path / 'list.txt', line)
    (clip,) = read_list(tmp_path / 'list.txt', frames=False)
    assert (clip.line, clip.path, clip.num_frames) == (line, path, None)


def test_paths_and_numbers_of_frames(tmp_path):
    write_lines(tmp_path / 'list.txt', '7 12 3', '8 13', '9 14 3 4')
    clips = read_list(tmp_path / 'list.txt', frames=True)
    assert [(clip.path, clip.num_frames) for clip in clips] == [('7', 12), ('8', 13), ('9', 14)]


def test_malformed_and_absent_lists(tmp_path):
    write_lines(tmp_path / 'list.txt', '1 10 1', '2 ten 1')
    with pytest.raises(
        UserError, match=r'list\.txt, line 2: expected "folder number_of_frames label\.\.\."'
    ):
        read_list(tmp_path / 'list.txt', frames=True)
    with pytest.raises(UserError, match=r'no list at .*absent\.txt'):
        read_list(tmp_path / 'absent.txt', frames=True)


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
