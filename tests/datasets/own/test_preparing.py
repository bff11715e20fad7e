"""Lists from folders, for any config."""

import pytest

from mmtin.datasets import VideoClipDataset
from mmtin.datasets.own.preparing import prepare_folder
from mmtin.errors import UserError
from tests.datasets.own.own_files import make_folders


@pytest.fixture
def media(tmp_path):
    return make_folders(tmp_path / 'my videos', run=2, walk=5)


def test_datasets_read_the_lists(media, tmp_path):
    done = prepare_folder(media, tmp_path / 'data', val_share=0.4)
    assert done.counts() == [('run', 1, 1), ('walk', 3, 2)]
    assert (tmp_path / 'data/labels.txt').read_text() == 'run\nwalk\n'
    assert (tmp_path / 'data/media').samefile(media)
    for part, length in (('train', 4), ('val', 3)):
        dataset = VideoClipDataset(
            str(tmp_path / f'data/{part}.txt'),
            [dict(type='VideoInit')],
            data_prefix=dict(video=str(done.media)),
            delimiter='\t',
        )
        assert len(dataset) == length
        assert all(dataset[index]['total_frames'] == 10 for index in range(length))


def test_lists_are_replaced_only_when_told(media, tmp_path):
    prepare_folder(media, tmp_path / 'data')
    before = (tmp_path / 'data/val.txt').read_text()
    with pytest.raises(UserError, match='is there already; --force replaces it'):
        prepare_folder(media, tmp_path / 'data', val_share=0.6)
    assert (tmp_path / 'data/val.txt').read_text() == before
    prepare_folder(media, tmp_path / 'data', val_share=0.6, force=True)
    assert len((tmp_path / 'data/val.txt').read_text().splitlines()) == 4


def test_lists_do_not_lie_among_the_videos(media):
    with pytest.raises(UserError, match='would be read in place of the folders'):
        prepare_folder(media, media)
