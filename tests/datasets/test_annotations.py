"""The owners' files are read in their own formats, and faults in them named by file and line."""

from pathlib import Path

import pytest

from mmtin.datasets.annotations import DATA_SETS, LabelledClip
from mmtin.errors import UserError
from tests.datasets.owner_files import MAKERS, write_lines

SHARED = Path(__file__).parents[2].parent / 'shared/labels'
official = pytest.mark.skipif(not SHARED.is_dir(), reason=f'the official files are not at {SHARED}')


@pytest.fixture
def read(tmp_path):
    """Make the owner's files of a data set, replace lines, and read them."""

    def make_and_read(name: str, split: int = 1, replace: dict[str, tuple[str, str]] | None = None):
        MAKERS[name](tmp_path)
        for file, (old, new) in (replace or {}).items():
            text = (tmp_path / file).read_text()
            assert old in text
            (tmp_path / file).write_text(text.replace(old, new, 1))
        return DATA_SETS[name].read(tmp_path, split)

    return make_and_read


@pytest.mark.parametrize('name', DATA_SETS)
def test_every_data_set_is_read_and_says_where_its_order_comes_from(read, name):
    annotations = read(name)
    assert list(annotations.splits)[:2] == ['train', 'val']
    assert all(annotations.splits.values())
    assert 'owner' in annotations.label_order
    used = {label for clips in annotations.splits.values() for clip in clips for label in clip.labels}
    assert used <= set(range(len(annotations.classes)))


@pytest.mark.parametrize('name', ['sthv1', 'jester'])
def test_frames_keep_the_owners_order(read, name):
    annotations = read(name)
    assert annotations.classes[0] == {'sthv1': 'Holding something', 'jester': 'Swiping Left'}[name]
    assert annotations.splits['train'][:2] == [LabelledClip('34870', (1,)), LabelledClip('56557', (2,))]
    assert annotations.splits['test'] == [LabelledClip('105723')]


def test_sthv2_takes_numbers_of_the_owner_and_strips_brackets(read):
    first = '"0",\n    "Pulling something from left to right": "1"'
    swapped = '"1",\n    "Pulling something from left to right": "0"'
    annotations = read('sthv2', replace={'something-something-v2-labels.json': (first, swapped)})
    assert annotations.classes[0] == 'Pulling something from left to right'
    assert annotations.classes[1] == 'Approaching something with your camera'
    assert annotations.splits['train'][0] == LabelledClip('78687.webm', (1,))
    assert annotations.splits['test'] == [LabelledClip('1420.webm')]


def test_test_lists_may_be_absent(tmp_path):
    for name, file in (
        ('sthv1', 'something-something-v1-test.csv'),
        ('sthv2', 'something-something-v2-test.json'),
    ):
        MAKERS[name](tmp_path)
        (tmp_path / file).unlink()
        assert set(DATA_SETS[name].read(tmp_path).splits) == {'train', 'val'}


@pytest.mark.parametrize('column', [True, False], ids=['by column', 'by file name'])
def test_kinetics_sorts_names_and_knows_the_common_trees(tmp_path, column):
    MAKERS['kinetics600'](tmp_path)
    if not column:
        for split in ('train', 'val', 'test'):
            text = (tmp_path / f'{split}.csv').read_text().replace(',split', '').replace(f',{split}', '')
            (tmp_path / f'{split}.csv').write_text(text)
    annotations = DATA_SETS['kinetics600'].read(tmp_path)
    assert annotations.classes == ('air drumming', 'passing American football (in game)', 'riding scooter')
    file = 'SOX5yA1l24A_000001_000011.mp4'
    assert annotations.splits['train'][0] == LabelledClip(
        f'riding scooter/{file}', (2,), (f'train/{file}', f'train/riding scooter/{file}')
    )
    assert annotations.splits['test'][0].labels == ()


def test_kinetics_in_one_file_beside_those_of_the_splits_counts_clips_once(read, tmp_path):
    before = read('kinetics400')
    whole = (tmp_path / 'train.csv').read_text() + (tmp_path / 'val.csv').read_text().split('\n', 1)[1]
    (tmp_path / 'kinetics400.csv').write_text(whole)
    after = DATA_SETS['kinetics400'].read(tmp_path)
    assert {split: set(clips) for split, clips in after.splits.items()} == {
        split: set(clips) for split, clips in before.splits.items()
    }
    assert len(after.splits['train']) == len(before.splits['train'])


@pytest.mark.parametrize('name', ['ucf101', 'hmdb51'])
def test_three_splits_hold_out_different_clips(tmp_path, name):
    MAKERS[name](tmp_path)
    held_out = []
    for split in (1, 2, 3):
        annotations = DATA_SETS[name].read(tmp_path, split)
        train, val = (set(annotations.splits[key]) for key in ('train', 'val'))
        assert len(train) == 6
        assert len(val) == 3
        assert not train & val
        held_out.append(val)
    assert len(set.union(*held_out)) == 9
    with pytest.raises(UserError, match=r'has 3 split\(s\), counted from 1; got 4'):
        DATA_SETS[name].read(tmp_path, 4)


def test_ucf101_counts_from_0_in_the_order_of_its_file(read):
    annotations = read('ucf101')
    assert annotations.classes == ('Hammering', 'HammerThrow', 'SoccerJuggling')
    assert annotations.splits['val'][1] == LabelledClip('HammerThrow/v_HammerThrow_g01_c01.avi', (1,))


@pytest.mark.parametrize('separator', [',', ' ', ', '])
def test_mmit_has_several_labels(read, tmp_path, separator):
    read('mmit')
    write_lines(
        tmp_path / 'trainingSet.csv',
        *(f'a b/1 2,3.mp4{separator}{label}' for label in ('2', f'1{separator}3')),
    )
    assert DATA_SETS['mmit'].read(tmp_path).splits['train'] == [
        LabelledClip('a b/1 2,3.mp4', (2,)),
        LabelledClip('a b/1 2,3.mp4', (1, 3)),
    ]


def test_mmit_categories_with_and_without_numbers(read, tmp_path):
    assert read('mmit').classes == ('crafting', 'paddling', 'raining', 'swerving')
    write_lines(tmp_path / 'moments_categories.txt', 'd', 'c', 'b', 'a')
    assert DATA_SETS['mmit'].read(tmp_path).classes == ('d', 'c', 'b', 'a')
    write_lines(tmp_path / 'moments_categories.txt', 'd,3', 'c,2', 'b,1', 'a,0')
    assert DATA_SETS['mmit'].read(tmp_path).classes == ('a', 'b', 'c', 'd')


V1, V2 = 'something-something-v1', 'something-something-v2'


@pytest.mark.parametrize(
    'name, file, old, new, line, problem',
    [
        ('sthv1', f'{V1}-labels.csv', 'Turning the camera left', 'Turning the camera right', 3, 'twice'),
        ('sthv1', f'{V1}-train.csv', '56557;', '56557,', 2, 'expected "id;class"'),
        ('sthv1', f'{V1}-train.csv', ';Holding', ';Hoarding', 3, 'no class is named "Hoarding something"'),
        ('sthv1', f'{V1}-test.csv', '105723', '105723;', 1, 'expected "id"'),
        ('jester', 'jester-v1-validation.csv', '116154;', ';', 2, 'expected "id;class"'),
        ('sthv2', f'{V2}-labels.json', '"1"', '"7"', 3, 'expected each of 0 to 2 once, got 7'),
        ('sthv2', f'{V2}-labels.json', '"1",', '"1"', 4, 'not JSON'),
        ('sthv2', f'{V2}-train.json', '"id": "78688"', '"id": 7', 2, 'an object with the texts id'),
        ('sthv2', f'{V2}-train.json', '"78689", ', '"78689" ', 3, 'not JSON'),
        ('sthv2', f'{V2}-validation.json', 'template', 'temperate', 1, 'expected an object'),
        ('sthv2', f'{V2}-validation.json', ']}]', ']}', 2, 'cut off'),
        ('kinetics600', 'train.csv', 'label,youtube_id', 'label,id', 1, 'expected a header'),
        ('kinetics600', 'train.csv', '84,94', '84,later', 3, 'whole seconds'),
        ('kinetics600', 'val.csv', '0,10,val', '0,10,', 3, 'neither column split'),
        ('kinetics600', 'val.csv', 'air drumming', '', 2, 'no label'),
        ('ucf101', 'classInd.txt', '2 Hammer', '3 Hammer', 2, 'expected "2 NameOfClass"'),
        ('ucf101', 'trainlist01.txt', 'c01.avi 2', 'c01.avi 3', 3, 'has the number 2, got 3'),
        ('ucf101', 'testlist01.txt', 'Hammering/', 'Stammering/', 1, 'no class is named "Stammering"'),
        ('hmdb51', 'wave_test_split1.txt', '.avi 1', '.avi 3', 2, 'flag 0, 1 or 2'),
        ('mmit', 'moments_categories.txt', 'raining,2', 'raining,1', 3, 'each label once'),
        ('mmit', 'trainingSet.csv', ',1,2,3', ',1,2,4', 3, 'labels must be 0 to 3, got 4'),
        ('mmit', 'validationSet.csv', ',2,0', '', 1, 'expected a path and one or more labels'),
    ],
)  # fmt: skip
def test_malformed_line_is_named(read, name, file, old, new, line, problem):
    with pytest.raises(UserError) as caught:
        read(name, replace={file: (old, new)})
    assert f'{file}, line {line}: ' in str(caught.value)
    assert problem in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('name', [name for name in DATA_SETS if not DATA_SETS[name].frame_files])
def test_folder_without_the_owners_files_says_which_is_wanted(tmp_path, name):
    with pytest.raises(UserError, match=r'^no \S+ in .*: --annotations takes the folder .*data/README\.md'):
        DATA_SETS[name].read(tmp_path)


def test_two_files_for_one_are_named(read, tmp_path):
    read('sthv1')
    write_lines(tmp_path / 'old-train.csv', '1;Holding something')
    with pytest.raises(UserError, match=r'several files match \*train\.csv .*: old-train\.csv, something-'):
        DATA_SETS['sthv1'].read(tmp_path)


def test_file_in_another_encoding_is_named(read, tmp_path):
    read('jester')
    (tmp_path / 'jester-v1-train.csv').write_bytes('1;Wischen rückwärts'.encode('latin-1'))
    with pytest.raises(UserError, match=r'jester-v1-train\.csv is not UTF-8 text'):
        DATA_SETS['jester'].read(tmp_path)


@official
@pytest.mark.parametrize(
    'name, split, train, val',
    [
        ('ucf101', 1, 9537, 3783),
        ('ucf101', 2, 9586, 3734),
        ('ucf101', 3, 9624, 3696),
        ('hmdb51', 1, 3570, 1530),
        ('hmdb51', 2, 3570, 1530),
        ('hmdb51', 3, 3570, 1530),
    ],
)
def test_official_splits_have_their_published_sizes(name, split, train, val):
    annotations = DATA_SETS[name].read(SHARED / f'{name}_splits', split)
    assert {key: len(clips) for key, clips in annotations.splits.items()} == {'train': train, 'val': val}
    assert (
        list(annotations.classes) == (SHARED / f'mmaction2/{name}_label_map.txt').read_text().splitlines()
    )
    for clips in annotations.splits.values():
        assert all(annotations.classes[clip.labels[0]] == clip.path.split('/')[0] for clip in clips)


@official
@pytest.mark.parametrize(
    'name, file', [('kinetics400', 'label_map_k400.txt'), ('kinetics600', 'label_map_k600.txt')]
)
def test_sorting_gives_the_order_of_mmaction2_for_kinetics(tmp_path, name, file):
    names = (SHARED / 'mmaction2' / file).read_text().splitlines()
    rows = (f'"{label}",abc,{index},{index + 10},train' for index, label in enumerate(reversed(names)))
    write_lines(tmp_path / 'train.csv', 'label,youtube_id,time_start,time_end,split', *rows)
    annotations = DATA_SETS[name].read(tmp_path)
    assert list(annotations.classes) == names
    assert len(names) in DATA_SETS[name].num_classes


@official
@pytest.mark.parametrize(
    'file, count', [('mmaction2/mmit_label_map.txt', 313), ('moments/category_multi_momentsv2.txt', 292)]
)
def test_official_categories_of_both_versions_of_mmit(read, tmp_path, file, count):
    read('mmit')
    (tmp_path / 'moments_categories.txt').write_bytes((SHARED / file).read_bytes())
    annotations = DATA_SETS['mmit'].read(tmp_path)
    assert list(annotations.classes) == (SHARED / file).read_text().splitlines()
    assert len(annotations.classes) == count
    assert count in DATA_SETS['mmit'].num_classes
