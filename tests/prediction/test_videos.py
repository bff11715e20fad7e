"""The videos of a command, and the paths of its output for them."""

from pathlib import Path

import pytest

from mmtin.errors import UserError
from mmtin.prediction.videos import Video, list_videos, output_paths


@pytest.fixture
def folder(tmp_path):
    for name in ('b.mp4', 'sub/a.AVI', 'notes.md', 'sub/c d.mkv'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_folder(folder):
    assert [video.name for video in list_videos(str(folder))] == ['b.mp4', 'sub/a.AVI', 'sub/c d.mkv']


def test_file(folder):
    assert list_videos(str(folder / 'b.mp4')) == [Video('b.mp4', folder / 'b.mp4')]


def test_list_with_and_without_labels(folder):
    (folder / 'list.txt').write_text('b.mp4\nsub/a.AVI 3\nsub/c d.mkv\t1 2\nmissing.mp4 0\n')
    videos = list_videos(str(folder / 'list.txt'), media=folder)
    assert [video.name for video in videos] == ['b.mp4', 'sub/a.AVI', 'sub/c d.mkv', 'missing.mp4']
    assert videos[1].path == folder / 'sub/a.AVI'


@pytest.mark.parametrize(
    'source, sentence',
    [
        ('nothing.mp4', 'no video, folder or list'),
        ('sub', 'no video in the folder'),
        ('list.txt', '--media takes the folder'),
        ('empty.txt', 'is empty'),
    ],
)
def test_nothing_to_predict(tmp_path, source, sentence):
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'list.txt').write_text('elsewhere/a.mp4\n')
    (tmp_path / 'empty.txt').touch()
    with pytest.raises(UserError, match=sentence):
        list_videos(str(tmp_path / source))


def test_outputs_stay_in_their_folder_and_do_not_meet():
    names = [
        '../up.mp4',
        '/elsewhere/a.mp4',
        'x/../../b.mp4',
        'c.mp4',
        'c.avi',
        'up.mp4',
        'd/c.mp4',
        '; touch x.mp4',
    ]
    paths = output_paths([Video(name, Path(name)) for name in names], '.npy')
    assert [str(path) for path in paths] == [
        'up.mp4.npy',
        'elsewhere/a.npy',
        'x/b.npy',
        'c.mp4.npy',
        'c.avi.npy',
        'up.mp4_2.npy',
        'd/c.npy',
        '; touch x.npy',
    ]


def test_outputs_that_keep_their_names():
    names = ['sub.mp4', 'sub/a.mp4', '../sub.mp4']
    paths = output_paths([Video(name, Path(name)) for name in names], None)
    assert [str(path) for path in paths] == ['sub.mp4', 'sub/a.mp4', 'sub_2.mp4']
