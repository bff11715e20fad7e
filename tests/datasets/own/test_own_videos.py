"""One's own videos are read, divided, or refused."""

import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmtin.datasets.annotations import LabelledClip
from mmtin.datasets.own import read_own_videos
from mmtin.datasets.own.dividing import divide
from mmtin.errors import UserError
from tests.datasets.own.own_files import make_folders
from tests.datasets.video.video_files import CLIPS, needs_real_clips


@pytest.fixture
def folder(tmp_path):
    return make_folders(tmp_path / 'my videos', walk=6, run=3)


def paths(clips: list[LabelledClip]) -> list[str]:
    return [clip.path for clip in clips]


def test_folder_is_a_class(folder):
    videos = read_own_videos(folder)
    assert videos.classes == ('run', 'walk')
    assert videos.media == folder
    assert sorted(paths(videos.train) + paths(videos.val)) == [
        *(f'run/{number}.mp4' for number in range(3)),
        *(f'walk/{number}.mp4' for number in range(6)),
    ]
    assert all(videos.classes[clip.labels[0]] == Path(clip.path).parent.name for clip in videos.train)
    assert Counter(clip.labels for clip in videos.val) == {(0,): 1, (1,): 1}


def test_division_is_that_of_the_seed(folder):
    assert read_own_videos(folder, seed=1) == read_own_videos(folder, seed=1)
    assert len({tuple(paths(read_own_videos(folder, seed=seed).val)) for seed in range(8)}) > 1


def test_every_class_has_its_share():
    clips = [
        LabelledClip(f'{label}/{number}', (label,))
        for label in range(3)
        for number in range(10 * label + 10)
    ]
    train, val = divide(clips, 'abc', 0.3, seed=0)
    assert Counter(clip.labels for clip in val) == {(0,): 3, (1,): 6, (2,): 9}
    assert sorted(paths(train + val)) == sorted(paths(clips))
    # More of one class leave the others as they are.
    _, again = divide([*clips, LabelledClip('2/new', (2,))], 'abc', 0.3, seed=0)
    assert [clip for clip in again if clip.labels != (2,)] == [clip for clip in val if clip.labels != (2,)]


def test_clip_of_several_classes_counts_with_the_rarest():
    clips = [LabelledClip(str(number), (0, 1) if number < 4 else (0,)) for number in range(20)]
    train, val = divide(clips, 'ab', 0.25, seed=0)
    assert Counter(clip.labels for clip in val) == {(0, 1): 1, (0,): 4}
    assert len(train) == 15


def test_owners_own_division_is_kept(tmp_path):
    make_folders(tmp_path / 'mine/train', run=1, walk=2)
    make_folders(tmp_path / 'mine/val', run=2, walk=1)
    videos = read_own_videos(tmp_path / 'mine')
    assert videos.classes == ('run', 'walk')
    assert paths(videos.train) == ['train/run/0.mp4', 'train/walk/0.mp4', 'train/walk/1.mp4']
    assert paths(videos.val) == ['val/run/0.mp4', 'val/run/1.mp4', 'val/walk/0.mp4']


@pytest.mark.parametrize(
    'lines, classes, labels',
    [
        (['run/0.mp4 1', 'walk/1.mp4 0', 'run/1.mp4 1', 'walk/0.mp4 0'], ('0', '1'), [(1,), (0,)]),
        (['run/0.mp4\trun', 'walk/1.mp4\twalk'], ('run', 'walk'), [(0,), (1,)]),
        (['run/0.mp4,walk,run', 'walk/1.mp4,walk', 'run/1.mp4,run'], ('run', 'walk'), [(0, 1), (1,)]),
        (['run/0.mp4 0 1', 'walk/1.mp4 1'], ('0', '1'), [(0, 1), (1,)]),
        (['run/0.mp4\t0,1', 'walk/1.mp4\t1'], ('0', '1'), [(0, 1), (1,)]),
        (['run/0.mp4\tb,a', 'walk/1.mp4\ta', 'run/1.mp4\tb'], ('a', 'b'), [(0, 1), (0,)]),
        (['run/0.mp4\tup, then down', 'walk/1.mp4\twalk'], ('up, then down', 'walk'), [(0,), (1,)]),
    ],
    ids=['numbers', 'names', 'commas', 'several', 'numbers by comma', 'names by comma', 'name with comma'],
)
def test_lists(folder, lines, classes, labels):
    for name in ('train.list', 'val.list'):
        (folder / name).write_text('\n'.join(lines) + '\n')
    videos = read_own_videos(folder / 'train.list', folder / 'val.list')
    assert videos.classes == classes
    assert [clip.labels for clip in videos.train][:2] == labels
    assert paths(videos.val) == [line.replace('\t', ' ').replace(',', ' ').split()[0] for line in lines]


def test_names_of_numbers_stand_beside_the_list(folder):
    (folder / 'all.txt').write_text(''.join(f'walk/{number}.mp4 {number % 2}\n' for number in range(4)))
    (folder / 'labels.txt').write_text('on foot\nat a run\n')
    assert read_own_videos(folder / 'all.txt').classes == ('on foot', 'at a run')


def test_folder_with_prepared_lists(folder):
    for name in ('train.txt', 'val.txt'):
        (folder / name).write_text('a b.mp4\t0\nrun/0.mp4\t1\n')
    (folder / 'run/1.mp4').rename(folder / 'a b.mp4')
    assert paths(read_own_videos(folder).train) == ['a b.mp4', 'run/0.mp4']
    (folder / 'media').mkdir()  # as prepare_data.py links it
    with pytest.raises(UserError, match=r'2 of 2 videos are not there, such as .*media/a b[.]mp4'):
        read_own_videos(folder)


def test_list_to_validate_on_beside_a_folder_is_refused(folder):
    (folder / 'mine.txt').write_text('run/0.mp4\t1\n')
    with pytest.raises(UserError, match=r'val_data goes with a list, and .* is a folder; put the videos'):
        read_own_videos(folder, folder / 'mine.txt')
    for name in ('train.txt', 'val.txt'):
        (folder / name).write_text('walk/0.mp4\t0\nrun/0.mp4\t1\n')
    with pytest.raises(
        UserError, match=rf'has .* in val.txt; leave val_data out, or give data={folder}/train'
    ):
        read_own_videos(folder, folder / 'mine.txt')


def test_litter_of_file_managers_is_passed_over(folder):
    (folder / '.DS_Store').write_bytes(b'x')
    (folder / 'run/Thumbs.db').write_bytes(b'x')
    assert len(read_own_videos(folder).classes) == 2


def _empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def _empty_class(folder):
    (folder / 'jump').mkdir()


def _one_class(folder):
    shutil.rmtree(folder / 'run')


def _one_video(folder):
    make_folders(folder, jump=1)


def _other_case(folder):
    make_folders(folder, Run=2)


def _nested(folder):
    make_folders(folder / 'run', monday=1)


def _loose(folder):
    (folder / 'run/0.mp4').rename(folder / '0.mp4')


def _text_file(folder):
    (folder / 'run/notes.txt').write_text('two steps a second')


def _text_by_the_name_of_a_video(folder):
    (folder / 'run/0.mp4').write_text('two steps a second')


def _empty_file(folder):
    (folder / 'run/0.mp4').write_bytes(b'')


def _picture_by_the_name_of_a_video(folder):
    (folder / 'run/0.mp4').write_bytes(cv2.imencode('.jpg', np.zeros((48, 64, 3), np.uint8))[1].tobytes())


@pytest.mark.parametrize(
    'spoil, sentence',
    [
        (
            _empty,
            'no videos in .*; give each class a folder with its videos: .*/NAME_OF_THE_CLASS/video.mp4',
        ),
        (_empty_class, 'no video in .*jump; put the videos of the class there or remove the folder'),
        (_one_class, "one class alone, 'walk'; a second one is needed"),
        (_one_video, "the class 'jump' has one video, jump/0.mp4; it needs two at least"),
        (
            _other_case,
            'has the folders Run and run, one class by two names; put their videos into one folder',
        ),
        (_nested, 'run/monday is a folder in the folder of a class; put its videos into .*run itself'),
        (_loose, '0.mp4 lies in no folder of a class; .*: .*/NAME_OF_THE_CLASS/0.mp4'),
        (_text_file, 'notes.txt is no video by its name .*; move it out of the folder'),
        (
            _text_by_the_name_of_a_video,
            r'no video that can be read: .*run/0.mp4 \(.+\); repair it, or take it',
        ),
        (_empty_file, r'no video that can be read: .*run/0.mp4 \(.+\); repair it, or take it out'),
        (_picture_by_the_name_of_a_video, r'no video that can be read: .*run/0.mp4 \(.+\); repair it'),
    ],
)
def test_what_is_no_data_is_refused_in_one_sentence(folder, spoil, sentence):
    spoil(folder)
    with pytest.raises(UserError, match=sentence) as error:
        read_own_videos(folder)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    'text, sentence',
    [
        ('', 'is empty; it needs one line a clip'),
        ('run/0.mp4\n', 'line 1: expected "path label"'),
        ('run/0.mp4 0\nwalk/0.mp4 -1\n', "line 2: expected .*, got 'walk/0.mp4 -1'"),
        ('run/0.mp4 0\nwalk/0.mp4 first\n', "line 2: expected .*, got 'walk/0.mp4 first'"),
        ('run/0.mp4\t0\nwalk/0.mp4\t3\n', "line 2: no class '3', .*labels.txt names 2 classes"),
        ('gone.mp4 0\nwalk/0.mp4 1\n', '1 of 2 videos are not there, such as .*gone.mp4'),
    ],
)
def test_lists_that_do_not_fit_are_refused(folder, text, sentence):
    (folder / 'list.txt').write_text(text)
    (folder / 'labels.txt').write_text('run\nwalk\n')
    with pytest.raises(UserError, match=sentence):
        read_own_videos(folder / 'list.txt')


@pytest.mark.parametrize(
    'train, val, sentence',
    [
        (
            'run/0.mp4\trun\nwalk/0.mp4\t0\n',
            'run/1.mp4\trun\n',
            r"such as '0' \(.*train.list, line 2\), and .*, such as 'run' \(.*train.list, line 1\); give",
        ),
        (
            'run/0.mp4\trun\nwalk/0.mp4\twalk\n',
            'run/1.mp4 0\nwalk/1.mp4 1\n',
            r"such as '0' \(.*val.list, line 1\), and .*, such as 'run' \(.*train.list, line 1\); give",
        ),
        (
            'run/0.mp4\trun\nwalk/0.mp4\twalk\n',
            'run/1.mp4\trun\nwalk/1.mp4\twalks\n',
            "val.list, line 2: no clip of .*train.list has the class 'walks', so .*; correct the label",
        ),
        (
            'run/0.mp4 0\nwalk/0.mp4 1\n',
            'run/1.mp4 2\nwalk/1.mp4 1\n',
            "val.list, line 1: no clip of .*train.list has the class '2'",
        ),
    ],
    ids=['in a list', 'in two lists', 'name', 'number'],
)
def test_no_class_is_invented(folder, train, val, sentence):
    (folder / 'train.list').write_text(train)
    (folder / 'val.list').write_text(val)
    with pytest.raises(UserError, match=sentence):
        read_own_videos(folder / 'train.list', folder / 'val.list')


def test_names_of_digits_stand_beside_the_list(folder):
    (folder / 'labels.txt').write_text('run\n100\n')
    lines = [f'run/{number}.mp4\trun\nwalk/{number}.mp4\t100\n' for number in range(2)]
    (folder / 'all.txt').write_text(''.join(lines))
    assert read_own_videos(folder / 'all.txt').classes == ('run', '100')


def test_other_classes_to_validate_on_are_refused(tmp_path):
    make_folders(tmp_path / 'mine/train', run=1, walk=2)
    make_folders(tmp_path / 'mine/val', run=2, sit=1)
    with pytest.raises(UserError, match='have other classes; give both the same folders'):
        read_own_videos(tmp_path / 'mine')


@needs_real_clips
def test_clips_of_cameras():
    videos = read_own_videos(CLIPS / 'fight_surv')
    listed = read_own_videos(CLIPS / 'fight_surv/list.txt')
    assert videos.classes == ('fight', 'noFight')
    assert len(videos.train) + len(videos.val) == len(listed.train) + len(listed.val)
    assert Counter(clip.labels for clip in videos.val) == {(0,): 5, (1,): 5}
