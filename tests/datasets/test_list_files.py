"""Names of classes and lists of clips, read the same way by all who read them."""

import pytest
from mmengine.config import Config

from mmtin.datasets.list_files import (
    names_of_classes,
    read_class_list,
    read_clip_list,
    read_labelled_clips,
)
from mmtin.errors import UserError
from tests.datasets.owner_files import write_lines


def test_classes_keep_their_labels(tmp_path):
    path = tmp_path / 'labels.txt'
    path.write_text('\ufeffeins\r\nzwei drei \n\n\n', encoding='utf-8')
    assert read_class_list(path) == ['eins', 'zwei drei']
    with pytest.raises(UserError, match=r'labels\.txt names 2 classes, the network has 3; '):
        read_class_list(path, num_classes=3)
    write_lines(path, 'one', ' ', 'three')
    with pytest.raises(UserError, match=r'labels\.txt, line 2 is blank, so that label 1 has no name'):
        read_class_list(path)


def test_classes_that_are_not_there(tmp_path):
    with pytest.raises(UserError, match=r'no class names at \S+labels\.txt; check the path'):
        read_class_list(tmp_path / 'labels.txt')
    (tmp_path / 'labels.txt').write_text('\n')
    with pytest.raises(UserError, match='is empty'):
        read_class_list(tmp_path / 'labels.txt')


def test_classes_of_a_config(tmp_path):
    dataset = dict(ann_file=str(tmp_path / 'val.txt'))
    cfg = Config(dict(test_dataloader=dict(dataset=dataset)))
    assert names_of_classes(cfg) is None is names_of_classes(Config())
    write_lines(tmp_path / 'labels.txt', 'beside')
    assert names_of_classes(cfg) == ['beside']
    cfg.test_dataloader.dataset.metainfo = dict(classes=('own',))
    assert names_of_classes(cfg) == ['own']


@pytest.mark.parametrize(
    'line, path',
    [
        ('a/b.mp4\t3', 'a/b.mp4'),
        ('a/b.mp4\t3\t4', 'a/b.mp4'),
        ('two words/b.mp4\t3', 'two words/b.mp4'),
        ('a/b.mp4 3 4', 'a/b.mp4'),
        ('part 2/b 1.mp4 -1', 'part 2/b 1.mp4'),
        ('part 2/b.mp4', 'part 2/b.mp4'),
        ('two words/b.mp4\trunning fast', 'two words/b.mp4'),
    ],
)
def test_paths_of_videos(tmp_path, line, path):
    write_lines(tmp_path / 'list.txt', line)
    (clip,) = read_clip_list(tmp_path / 'list.txt')
    assert (clip.line, clip.path) == (line, path)


def test_paths_and_numbers_of_frames(tmp_path):
    write_lines(tmp_path / 'list.txt', '7 12 3', '8 13', '9 14 3 4')
    clips = read_clip_list(tmp_path / 'list.txt', frames=True)
    assert [(clip.path, clip.numbers) for clip in clips] == [
        ('7', (12, 3)),
        ('8', (13,)),
        ('9', (14, 3, 4)),
    ]


def test_malformed_and_absent_lists(tmp_path):
    write_lines(tmp_path / 'list.txt', '1 10 1', '2 ten 1')
    with pytest.raises(
        UserError, match=r'list\.txt, line 2: expected "folder number_of_frames label\.\.\."'
    ):
        read_clip_list(tmp_path / 'list.txt', frames=True)
    with pytest.raises(UserError, match=r'no list at .*absent\.txt'):
        read_clip_list(tmp_path / 'absent.txt', frames=True)


@pytest.mark.parametrize('line', ['', '7', '7 -1 3', 'two words 8 3', 'two words\t8'])
def test_lines_that_are_no_folders_of_frames(tmp_path, line):
    write_lines(tmp_path / 'list.txt', '7 12 3', line, '8 13 1')
    with pytest.raises(UserError, match=r'list\.txt, line 2: expected "folder number_of_frames'):
        read_clip_list(tmp_path / 'list.txt', frames=True)


def test_delimiter_of_a_data_set(tmp_path):
    write_lines(tmp_path / 'list.txt', 'a b 1.mp4,3,4', 'c 2')
    clips = read_clip_list(tmp_path / 'list.txt', delimiter=',')
    assert [(clip.path, clip.numbers) for clip in clips] == [('a b 1.mp4', (3, 4)), ('c 2', ())]
    write_lines(tmp_path / 'list.txt', 'a b.mp4;3', 'c;4')
    clips = read_clip_list(tmp_path / 'list.txt', delimiter=';')
    assert [(clip.path, clip.numbers) for clip in clips] == [('a b.mp4', (3,)), ('c', (4,))]


@pytest.mark.parametrize('stated', [None, ' ', '\t', ','])
@pytest.mark.parametrize(
    'lines, read',
    [
        (('a.mp4\t3', 'my b.mp4\t4'), [('a.mp4', (3,)), ('my b.mp4', (4,))]),
        (('a,1.mp4\t3', 'b,2.mp4\t4'), [('a,1.mp4', (3,)), ('b,2.mp4', (4,))]),
        (('a.mp4 3', 'my b.mp4 4'), [('a.mp4', (3,)), ('my b.mp4', (4,))]),
        (('a, 1.mp4 3', 'b, 2.mp4 4'), [('a, 1.mp4', (3,)), ('b, 2.mp4', (4,))]),
        (('a.mp4,3', 'my b.mp4, 4'), [('a.mp4', (3,)), ('my b.mp4', (4,))]),
        (('a.mp4\t3', 'b.mp4 4'), [('a.mp4', (3,)), ('b.mp4', (4,))]),
        (('a.mp4 3', 'b.mp4,4', 'c.mp4 5'), [('a.mp4', (3,)), ('b.mp4,4', ()), ('c.mp4', (5,))]),
    ],
    ids=['TAB', 'TAB behind comma', 'blank', 'blank behind comma', 'comma', 'TAB or blank', 'most fit'],
)
def test_delimiter_is_found_out(lines, read, stated, tmp_path):
    write_lines(tmp_path / 'list.txt', *lines)
    clips = read_clip_list(tmp_path / 'list.txt', delimiter=stated)
    assert [(clip.path, clip.numbers) for clip in clips] == read


def test_list_of_paths_alone(tmp_path):
    write_lines(tmp_path / 'list.txt', 'a, b.mp4', 'c, d 1.mp4')
    clips = read_clip_list(tmp_path / 'list.txt')
    assert [(clip.path, clip.numbers) for clip in clips] == [('a, b.mp4', ()), ('c, d 1.mp4', ())]


def test_what_editors_leave_in_a_list(tmp_path):
    (tmp_path / 'list.txt').write_text('\ufeffa.mp4 1\r\n\r\nb.mp4 0\r\n\n', encoding='utf-8')
    with pytest.raises(
        UserError, match=r"""list\.txt, line 2: expected "path label", got ''; repair the"""
    ):
        read_labelled_clips(tmp_path / 'list.txt')
    (tmp_path / 'list.txt').write_text('\ufeffa.mp4 1\r\nb.mp4 0\r\n\n', encoding='utf-8')
    clips = read_labelled_clips(tmp_path / 'list.txt')
    assert [(clip.path, clip.numbers) for clip in clips] == [('a.mp4', (1,)), ('b.mp4', (0,))]
    (tmp_path / 'list.txt').write_bytes(b'\x89PNG\r\n\x1a\n\xff')
    with pytest.raises(UserError, match=r'list\.txt is no list: it is not UTF-8 text; give one with'):
        read_labelled_clips(tmp_path / 'list.txt')
