"""Files are whole or not there, whatever happens to their writer."""

import errno
import os

import mmengine
import pytest

import mmtin  # noqa: F401
from mmtin.errors import UserError
from mmtin.files.whole import (
    remove_parts,
    require_free,
    scratch_removed,
    whole_file,
    whole_files,
    whole_folder,
    write_whole,
)
from tests.files.unwritable import largest_file, without_rights


def fail(*args):
    raise OSError(28, 'No space left on device')


@pytest.mark.parametrize('step', ['fsync', 'replace'])
def test_writing_that_fails_leaves_what_was_there(tmp_path, monkeypatch, step):
    path = tmp_path / 'file'
    write_whole(b'old', path)
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(UserError, match=rf'cannot write {path} \(No space left on device\); make room'):
        write_whole(b'new', path)
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['file']


def test_what_cannot_be_written_is_one_sentence(tmp_path):
    write_whole('ä', tmp_path / 'new/file')
    assert (tmp_path / 'new/file').read_text('utf-8') == 'ä'
    with largest_file(1_000_000), pytest.raises(UserError, match=r'new/file \(File too large\); make room'):
        write_whole(bytes(3_000_000), tmp_path / 'new/file')
    assert (tmp_path / 'new/file').read_text('utf-8') == 'ä'
    for path in (tmp_path / 'new', tmp_path / 'new/file/below'):
        with pytest.raises(UserError, match=rf'cannot write {path} \(.+\); name another'):
            write_whole('', path)
    assert os.listdir(tmp_path) == ['new'] and os.listdir(tmp_path / 'new') == ['file']


def test_place_that_cannot_be_written_is_told_before_the_work(tmp_path):
    (tmp_path / 'file').touch()
    require_free(tmp_path / 'new/file', force=False)
    with pytest.raises(
        UserError, match=rf'cannot write {tmp_path}/file/new/a \({tmp_path}/file is no folder'
    ):
        require_free(tmp_path / 'file/new/a', force=False)
    with (
        without_rights(tmp_path),
        pytest.raises(UserError, match=r'cannot write \S+/new/a \(\S+ is not writable'),
    ):
        require_free(tmp_path / 'new/a', force=True)
    assert os.listdir(tmp_path) == ['file']


def test_mmengine_writes_whole_files(tmp_path):
    mmengine.fileio.put(b'\0', tmp_path / 'new/bytes')
    mmengine.fileio.put_text('ä', tmp_path / 'text')
    mmengine.dump([1], tmp_path / 'data.json')
    assert (tmp_path / 'new/bytes').read_bytes() == b'\0'
    assert (tmp_path / 'text').read_text('utf-8') == 'ä'
    with (
        largest_file(1_000_000),
        pytest.raises(OSError, match=r'File too large; it takes 3\.0 MB') as error,
    ):
        mmengine.fileio.put(bytes(3_000_000), tmp_path / 'data.json')
    assert (error.value.errno, error.value.filename) == (errno.EFBIG, str(tmp_path / 'data.json'))
    assert mmengine.load(tmp_path / 'data.json') == [1]


def test_parts_are_removed_and_nothing_else(tmp_path):
    for name in ('.file.0.part', 'file', 'file.part', '.hidden'):
        (tmp_path / name).touch()
    remove_parts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ['.hidden', 'file', 'file.part']


def test_files_that_belong_together_appear_together(tmp_path):
    paths = tmp_path / 'new/a.csv', tmp_path / 'new/b.png'
    with whole_files(*paths) as (table, picture):
        table.write_text('table')
        picture.write_bytes(b'picture')
        assert not any(path.exists() for path in paths)
    assert [path.read_bytes() for path in paths] == [b'table', b'picture']
    assert sorted(os.listdir(tmp_path / 'new')) == ['a.csv', 'b.png']


def test_of_files_that_belong_together_all_stay_after_an_error(tmp_path):
    for name in 'ab':
        write_whole(f'old {name}', tmp_path / name)
    with pytest.raises(RuntimeError), whole_files(tmp_path / 'a', tmp_path / 'b') as parts:
        parts[0].write_text('new')
        raise RuntimeError
    assert [(tmp_path / name).read_text() for name in 'ab'] == ['old a', 'old b']
    assert sorted(os.listdir(tmp_path)) == ['a', 'b']


def test_files_that_cannot_be_written_are_told_before_the_work(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=r'cannot write \S+/file/a \('), whole_file(tmp_path / 'file/a'):
        raise AssertionError


@pytest.mark.parametrize('when', ['in the block', 'after it'])
def test_full_disk_is_one_sentence(tmp_path, monkeypatch, when):
    path = tmp_path / 'a'
    with (
        pytest.raises(UserError, match=r'cannot write \S+/a \(No space left on device\)'),
        whole_file(path),
    ):
        if when == 'in the block':
            fail()
        monkeypatch.setattr(os, 'fsync', fail)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize('name', ['x' * 255, 'ä' * 127], ids=['ascii', 'umlauts'])
def test_longest_names(tmp_path, name):
    """Also of two files that differ at the end alone, and of what a killed process leaves."""
    path, other = tmp_path / name, tmp_path / f'{name[:-1]}y'
    with whole_files(path, other) as parts:
        assert len(set(parts)) == 2
        parts[0].write_text('one')
        parts[1].write_text('other')
    assert (path.read_text(), other.read_text()) == ('one', 'other')
    with whole_files(path):
        remaining = [part.name for part in tmp_path.iterdir() if part not in (path, other)]
        assert remaining == [part.name for part in tmp_path.glob('.*.part')]
    folder = tmp_path / 'sub' / name
    with whole_folder(folder) as new:
        (new / 'a').touch()
    scratch = whole_folder(folder)
    scratch.__enter__()  # and never left, as by a process that is killed
    with scratch_removed([folder]):
        assert os.listdir(tmp_path / 'sub') == [name]


def test_folder_takes_the_place_of_another(tmp_path):
    path = tmp_path / 'folder'
    for text in ('old', 'new'):
        with whole_folder(path) as folder:
            (folder / text).touch()
            assert not (path / text).exists()
    with pytest.raises(RuntimeError), whole_folder(path):
        raise RuntimeError
    assert os.listdir(path) == ['new'] and os.listdir(tmp_path) == ['folder']
