"""tools/extract_features.py: what it writes and what it refuses."""

import json
import signal
from functools import partial

import h5py
import numpy as np
import pytest

from mmtin.errors import UserError
from mmtin.prediction.feature_files import FORMATS
from tests.files.unwritable import without_rights
from tests.prediction.small_recognizer import moving_frames, write_recognizer, write_video
from tests.tools.in_process import run_tool
from tests.tools.killable import command, die_after_entries


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    return write_recognizer(tmp_path_factory.mktemp('recognizer'))


@pytest.fixture
def extract(small, monkeypatch, tmp_path):
    """Run the command in ``tmp_path`` in this process."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: run_tool(
        monkeypatch,
        'extract_features',
        *('--config', small[0], '--checkpoint', small[1], '--device', 'cpu', '--workers', 0),
        *args,
    )


@pytest.fixture
def videos(tmp_path):
    (tmp_path / 'videos/sub').mkdir(parents=True)
    write_video(tmp_path / 'videos/a.mp4', moving_frames(36))
    write_video(tmp_path / 'videos/sub/b.mkv', moving_frames(48))
    return tmp_path / 'videos'


def test_a_file_a_video(extract, videos, tmp_path, capsys):
    (videos / 'text.mp4').write_text('no video')
    assert extract('videos', '--out', 'out', '--window', 1) == '3'
    assert np.load(tmp_path / 'out/a.npy').shape == (3, 256)
    assert np.load(tmp_path / 'out/sub/b.npy').shape == (4, 256)
    index = json.loads((tmp_path / 'out/index.json').read_text())
    assert {entry['video']: len(entry['seconds']) for entry in index['results']} == {
        'a.mp4': 3,
        'sub/b.mkv': 4,
    }
    written = sorted(path.name for path in (tmp_path / 'out').rglob('*'))
    assert written == ['a.npy', 'b.npy', 'index.json', 'sub']
    out, err = capsys.readouterr()
    assert '2 of 3 videos' in out and 'Features: out' in out
    assert 'passed over text.mp4' in err


def test_one_file_for_all(extract, videos, tmp_path):
    assert extract('videos', '--out', 'out.h5', '--format', 'h5', '--num-windows', 5) is None
    with h5py.File(tmp_path / 'out.h5') as file:
        assert file['a.mp4'].shape == file['sub/b.mkv'].shape == (5, 256)
        assert file['a.mp4'].attrs['seconds'][-1, 1] == 3


def test_in_bfloat16(extract, videos, tmp_path):
    for out, dtype in (('single', 'float32'), ('half', 'bfloat16')):
        assert extract('videos', '--out', out, '--dtype', dtype) is None
    single, half = (np.load(tmp_path / out / 'a.npy') for out in ('single', 'half'))
    assert half.dtype == np.float32 and not np.array_equal(half, single)
    assert np.abs(half - single).max() < 0.05 * np.abs(single).max()


@pytest.mark.parametrize(
    'form, out, begin',
    [('npy', 'out', ()), ('h5', 'out.h5', ()), ('h5', 'out.h5', ('--force',))],
    ids=['npy', 'h5', 'h5 in the place of another'],
)
def test_a_killed_run_goes_on(extract, small, videos, tmp_path, form, out, begin):
    (videos / 'text.mp4').write_text('no video')
    given = ('videos', '--format', form, '--window', 1)
    if begin:
        assert extract('videos', '--format', form, '--out', out) == '3'
    assert extract(*given, '--out', f'whole_{out}') == '3'
    network = ('--config', small[0], '--checkpoint', small[1], '--device', 'cpu', '--workers', 0)
    killed = command(
        'extract_features',
        *(*given, '--out', out, *network, *begin),
        log=tmp_path / 'log',
        fault=partial(die_after_entries, 1),
    )
    assert killed[0] == -signal.SIGKILL, killed[1]
    assert '--resume goes on from there' in extract(*given, '--out', out)
    assert 'another division into windows' in extract(*given[:3], '--out', out, '--resume')

    (videos / 'a.mp4').write_text('no video')  # it is done
    assert extract(*given, '--out', out, '--resume') == '3'
    assert contents(tmp_path / out) == contents(tmp_path / f'whole_{out}')
    assert 'already; ' in extract(*given, '--out', out, '--resume'), 'no run was interrupted'
    left = {'log', out, f'whole_{out}', 'videos'}
    assert {path.name for path in tmp_path.iterdir()} == left


def test_features_that_cannot_be_written_end_the_run(extract, videos, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/sub').write_text('a file')
    sentence = extract('videos', '--out', 'out', '--force')
    assert sentence.startswith('error: cannot write out/sub/b.npy (')
    (tmp_path / 'out/sub').unlink()
    assert extract('videos', '--out', 'out', '--resume') is None
    assert {path.name for path in (tmp_path / 'out').rglob('*.*')} == {'a.npy', 'b.npy', 'index.json'}


def test_folder_without_rights_is_one_sentence(tmp_path):
    with without_rights(tmp_path), pytest.raises(UserError, match=r'cannot write .* is not writable'):
        FORMATS['npy'](tmp_path / 'out')


def contents(path):
    """What a folder of features or an HDF5 file has, by name."""
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob('*.*')}
    with h5py.File(path) as file:
        return {
            name: (file[name][()].tolist(), dict(file[name].attrs, seconds=0))
            for name in file
            if '.' in name
        }


@pytest.mark.parametrize(
    'args, sentence',
    [
        (['videos/text.mp4', '--out', 'out'], 'no video could be read; text.mp4'),
        (['videos/empty.mp4', '--out', 'out'], 'empty.mp4: empty file'),
        (['videos', '--out', 'videos'], 'videos has files already'),
        (['videos', '--out', 'videos/a.mp4/b.h5', '--format', 'h5'], 'cannot write videos/a.mp4/b.h5'),
        (['videos', '--out', 'videos/a.mp4'], 'is a file; name a folder'),
        (['videos', '--out', 'videos/a.mp4', '--format', 'h5'], 'is there already'),
    ],
)
def test_bad_input(extract, videos, tmp_path, args, sentence):
    (videos / 'text.mp4').write_text('no video')
    (videos / 'empty.mp4').touch()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*') if path.is_file()}
    error = extract(*args)
    assert error.startswith('error: ') and sentence in error and '\n' not in error
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*') if path.is_file()} == before
