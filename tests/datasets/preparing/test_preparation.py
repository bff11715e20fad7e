"""Lists that MMAction2's datasets read, whole or not at all; what is missing is named."""

from pathlib import Path

import numpy as np
import pytest

from mmtin.datasets import RawframeClipDataset, VideoClipDataset
from mmtin.datasets.annotations import DATA_SETS
from mmtin.datasets.preparing.prepare import prepare
from mmtin.errors import UserError
from tests.datasets.owner_files import make

SAMPLE = [
    dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=4, test_mode=True),
]
PACK = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def dataset(done, split, multi_class=False):
    common = dict(multi_class=multi_class, num_classes=len(done.annotations.classes), test_mode=True)
    if template := done.data_set.frame_template:
        return RawframeClipDataset(
            str(done.folder / f'{split}.txt'), [*SAMPLE, dict(type='RawFrameDecode'), *PACK],
            data_prefix=dict(img=str(done.media)), filename_tmpl=template, **common,
        )  # fmt: skip
    return VideoClipDataset(
        str(done.folder / f'{split}.txt'),
        [dict(type='DecordInit'), *SAMPLE, dict(type='DecordDecode'), *PACK],
        data_prefix=dict(video=str(done.media)), delimiter='\t', **common,
    )  # fmt: skip


@pytest.fixture
def sthv1(tmp_path):
    """Prepares SthV1 in miniature, with what a test has done to its media."""
    folders = make('sthv1', tmp_path)

    def call(**options):
        return prepare('sthv1', *folders, tmp_path / 'data', **options)

    call.annotations, call.media = folders
    call.out = tmp_path / 'data'
    return call


@pytest.mark.parametrize('name', DATA_SETS)
def test_datasets_of_mmaction2_read_every_list(tmp_path, name):
    folders = make(name, tmp_path)
    done = prepare(name, *folders, tmp_path / 'data')
    assert lines(done.folder / 'labels.txt') == list(done.annotations.classes)
    assert lines(done.folder / 'missing.txt') == []
    assert done.annotations.label_order in (done.folder / 'README.txt').read_text()
    for split, clips in done.annotations.splits.items():
        samples = dataset(done, split, multi_class=name == 'mmit')
        assert len(samples) == len(clips) == done.counts[split]['listed']
        for index, clip in enumerate(clips):
            sample = samples[index]
            assert sample['inputs'].shape == (4, 3, 48, 64)
            label = sample['data_samples'].gt_label.numpy()
            if name == 'mmit':
                assert tuple(np.flatnonzero(label)) == tuple(sorted(clip.labels))
            else:
                assert tuple(label) == (clip.labels or (-1,))


def test_forms_of_the_lists(tmp_path):
    rows = {}
    for name in ('sthv1', 'kinetics600', 'mmit'):
        done = prepare(name, *make(name, tmp_path / name), tmp_path / name / 'data')
        rows[name] = [lines(done.folder / f'{split}.txt')[0] for split in done.counts]
    assert rows == {
        'sthv1': ['34870 10 1', '74225 10 2', '105723 10'],
        'kinetics600': [
            'riding scooter/SOX5yA1l24A_000001_000011.mp4\t2',
            'air drumming/--nQbRBEz2s_000104_000114.mp4\t0',
            'test/R6llTwEh07w_000005_000015.mp4',
        ],
        'mmit': [
            'adult+female+singing/yt-zxQfALnTdfc_0.mp4\t0\t3',
            'adult+female+singing/yt-zxQfALnTdfc_3.mp4\t2\t0',
        ],
    }


def test_missing_and_unreadable_are_left_out_and_named(sthv1):
    (sthv1.media / '34870').rename(sthv1.media / 'elsewhere')
    (sthv1.media / '56557/00004.jpg').unlink()
    for frame in (sthv1.media / '116154').iterdir():
        frame.unlink()
    done = sthv1()
    assert lines(done.folder / 'train.txt') == ['129112 10 0']
    assert lines(done.folder / 'val.txt') == ['74225 10 2']
    assert lines(done.folder / 'missing.txt') == [
        '34870\tmissing',
        '56557\tno 00004.jpg',
        '116154\tno 00001.jpg',
    ]
    assert done.counts['train'] == dict(listed=1, missing=1, unreadable=1)
    assert done.counts['val'] == dict(listed=1, missing=0, unreadable=1)


@pytest.mark.filterwarnings('ignore:invalid value encountered')
def test_missing_can_be_kept(sthv1):
    (sthv1.media / '34870').rename(sthv1.media / 'elsewhere')
    (sthv1.media / '56557/00004.jpg').unlink()
    done = sthv1(allow_missing=True)
    assert lines(done.folder / 'train.txt') == ['34870 0 1', '56557 3 2', '129112 10 0']
    assert len(lines(done.folder / 'missing.txt')) == 2
    with pytest.raises(UserError, match=r'cannot read the clip .*34870'):
        dataset(done, 'train')[0]


def test_empty_video_is_unreadable_and_other_trees_are_found(tmp_path):
    folders = make('kinetics400', tmp_path)
    clip = folders.media / 'riding scooter/SOX5yA1l24A_000001_000011.mp4'
    (folders.media / 'train').mkdir()
    clip.rename(folders.media / 'train' / clip.name)
    (folders.media / 'air drumming/_dbcJuKJQNs_000140_000150.mp4').write_bytes(b'')
    done = prepare('kinetics400', *folders, tmp_path / 'data')
    assert lines(done.folder / 'train.txt')[0] == f'train/{clip.name}\t2'
    assert lines(done.folder / 'missing.txt') == ['air drumming/_dbcJuKJQNs_000140_000150.mp4\tempty file']
    assert dataset(done, 'train')[0]['inputs'].shape == (4, 3, 48, 64)


def test_no_clip_at_all_says_where_it_looked(sthv1, tmp_path):
    sthv1.media.rename(tmp_path / 'frames')
    sthv1.media.mkdir()
    with pytest.raises(
        UserError, match=r'no clip of Something-Something V1 in .*: expected .*media/34870, for'
    ):
        sthv1(allow_missing=True)
    sthv1.media.rmdir()
    with pytest.raises(UserError, match=r'no folder .*media: --media takes'):
        sthv1()
    assert not sthv1.out.exists()


def test_lists_are_not_overwritten_unless_told_to(sthv1):
    sthv1()
    before = content(sthv1.out)
    (sthv1.media / '34870').rename(sthv1.media / 'elsewhere')
    with pytest.raises(UserError, match=r'data/labels\.txt is there already; .*--force'):
        sthv1()
    assert content(sthv1.out) == before
    assert sthv1(force=True).counts['train']['listed'] == 2
    assert len(lines(sthv1.out / 'train.txt')) == 2


def test_force_leaves_no_list_of_another_time(sthv1, tmp_path):
    sthv1()
    (tmp_path / 'annotations/something-something-v1-test.csv').unlink()
    sthv1(force=True)
    assert not (sthv1.out / 'test.txt').exists()


def test_nothing_is_written_when_interrupted(sthv1):
    sthv1()
    before = content(sthv1.out)

    def stop(clips, total):
        yield next(clips)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sthv1(force=True, track=stop)
    assert content(sthv1.out) == before


def test_media_are_linked_unless_they_lie_there(tmp_path):
    folders = make('sthv1', tmp_path / 'data/sthv1')
    done = prepare('sthv1', *folders, tmp_path / 'data/sthv1')
    assert done.media == folders.media
    assert not done.media.is_symlink()
    linked = prepare('sthv1', *folders, tmp_path / 'other')
    assert linked.media.is_symlink()
    assert linked.media.samefile(folders.media)


def test_another_folder_in_place_of_the_link_is_left_alone(sthv1, tmp_path):
    sthv1.out.mkdir()
    (sthv1.out / 'media').mkdir()
    for force in (False, True):
        with pytest.raises(UserError, match=r'data/media is not .*move the folder away'):
            sthv1(force=force)
    (sthv1.out / 'media').rmdir()
    (sthv1.out / 'media').symlink_to(tmp_path)
    with pytest.raises(UserError, match='--force to link anew'):
        sthv1()
    assert sthv1(force=True).media.samefile(sthv1.media)


def test_splits_have_folders_of_their_own_and_share_the_media(tmp_path):
    folders = make('ucf101', tmp_path)
    for split in (1, 2):
        done = prepare('ucf101', *folders, tmp_path / 'data', split=split)
        assert done.folder == tmp_path / f'data/split{split}'
        assert done.media == tmp_path / 'data/media'
    assert lines(tmp_path / 'data/split1/val.txt')[0] == 'Hammering/v_Hammering_g01_c01.avi\t0'
    assert lines(tmp_path / 'data/split2/val.txt')[0] == 'Hammering/v_Hammering_g02_c01.avi\t0'


def test_number_of_classes_that_is_not_the_published_one_is_pointed_out(sthv1):
    done = sthv1()
    (warning,) = done.warnings
    assert warning.startswith('3 classes are not the 174 of Something-Something V1')
    assert warning in (done.folder / 'README.txt').read_text()


def test_clips_that_are_listed_twice_are_pointed_out(sthv1):
    (train,) = sthv1.annotations.glob('*-train.csv')
    (val,) = sthv1.annotations.glob('*-validation.csv')
    repeated = train.read_text().splitlines()[0]
    val.write_text(f'{val.read_text()}{repeated}\n')
    assert any(
        warning.startswith(
            f"1 clips stand more than once in the owner's files, such as {repeated.split(';')[0]}"
        )
        for warning in sthv1().warnings
    )
