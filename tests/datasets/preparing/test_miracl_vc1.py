"""Lip reading: the owner's folders made into clips whose frames are numbered without gaps."""

from pathlib import Path

import pytest

from mmtin.datasets.annotations import DATA_SETS
from mmtin.datasets.annotations.miracl_vc1 import LEAD, PAUSE, order_frames
from mmtin.datasets.preparing.prepare import prepare
from mmtin.errors import UserError
from tests.datasets.owner_files import make


def frames(folder: Path) -> list[str]:
    """The frames that the links of a clip lead to, in the order of the links, as word/take/number."""
    links = sorted(folder.iterdir())
    assert [link.name for link in links] == [f'{number:05}.jpg' for number in range(1, len(links) + 1)]
    targets = [link.resolve() for link in links]
    return ['/'.join((*target.parts[-3:-1], target.stem.removeprefix('color_'))) for target in targets]


def test_words_are_divided_by_speaker_and_gaps_are_closed(tmp_path):
    media = make('miracl_vc1', tmp_path / 'owner').media
    done = prepare('miracl_vc1', None, media, tmp_path / 'data')
    assert (done.folder / 'train.txt').read_text().splitlines() == [
        'F02_01_01 4 0',
        'F02_01_06 4 0',
        'F02_02_01 4 1',
        'F02_02_06 4 1',
    ]
    val = (done.folder / 'val.txt').read_text()
    assert val.count('\n') == 4 and all(line.startswith('F01_') for line in val.splitlines())
    assert frames(done.media / 'F02_02_06') == ['02/06/002', '02/06/009', '02/06/010', '02/06/101']
    assert done.annotations.classes[:2] == ('Begin', 'Choose')


def test_both_orders_have_the_same_frames_and_rest_at_random(tmp_path):
    media = make('miracl_vc1', tmp_path / 'owner').media
    done = prepare('miracl_vc1_order', None, media, tmp_path / 'data')
    assert done.annotations.classes[:2] == ('Begin, Choose', 'Choose, Begin')
    rows = [line.split() for line in (done.folder / 'train.txt').read_text().splitlines()]
    assert {(name, label) for name, _, label in rows} == {
        ('F02_01_01_02_06', '0'),
        ('F02_02_06_01_01', '1'),
        ('F02_01_06_02_01', '0'),
        ('F02_02_01_01_06', '1'),
    }
    first, second = (frames(done.media / name) for name in ('F02_01_01_02_06', 'F02_02_06_01_01'))
    assert len(first) == len(second)
    said = [f'01/01/{number}' for number in ('002', '009', '010', '101')]
    then = [f'02/06/{number}' for number in ('002', '009', '010', '101')]
    assert list(dict.fromkeys(first)) == said + then and list(dict.fromkeys(second)) == then + said
    # Behind the second word the lips rest as long as before it in the other order.
    lead, tail = first.count(said[0]) - 1, first.count(then[-1]) - 1
    assert second[::-1].count(said[-1]) - 1 == lead and second.count(then[0]) - 1 == tail
    assert LEAD[0] <= lead <= LEAD[1] and LEAD[0] <= tail <= LEAD[1]
    pause = len(first) - 8 - lead - tail
    assert PAUSE[0] <= pause <= PAUSE[1]
    assert order_frames(media) == order_frames(media)


def test_other_folders_are_named_and_left_alone(tmp_path):
    (tmp_path / 'faces').mkdir()
    with pytest.raises(UserError, match=r'no clip of MIRACL-VC1 by others than F01, .* in .*faces'):
        DATA_SETS['miracl_vc1'].read(tmp_path / 'faces')
    media = make('miracl_vc1', tmp_path / 'owner').media
    mine = tmp_path / 'data/media/mine.jpg'
    mine.parent.mkdir(parents=True)
    mine.write_text('all of it')
    for force in (False, True):
        with pytest.raises(UserError, match='media is not a folder of links'):
            prepare('miracl_vc1', None, media, tmp_path / 'data', force=force)
    assert mine.read_text() == 'all of it'
    mine.unlink()
    prepare('miracl_vc1', None, media, tmp_path / 'data')
    with pytest.raises(UserError, match='is there already; --force replaces it'):
        prepare('miracl_vc1', None, media, tmp_path / 'data')
    prepare('miracl_vc1', None, media, tmp_path / 'data', force=True)


def test_other_sets_need_the_owners_files(tmp_path):
    media = make('sthv1', tmp_path / 'owner').media
    with pytest.raises(UserError, match=r"needs the folder with its owner's files: --annotations"):
        prepare('sthv1', None, media, tmp_path / 'data')
