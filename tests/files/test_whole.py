"""Files that are whole or not there, whatever happens to their writer."""

import os

import mmengine
import pytest

import mmtin  # noqa: F401
from mmtin.files.whole import remove_parts, write_whole


def fail(*args):
    raise OSError(28, 'No space left on device')


@pytest.mark.parametrize('step', ['fsync', 'replace'])
def test_writing_that_fails_leaves_what_was_there(tmp_path, monkeypatch, step):
    path = tmp_path / 'file'
    write_whole(b'old', path)
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match=r'No space left on device; it takes 3\.0 MB') as error:
        write_whole(bytes(3_000_000), path)
    assert (error.value.errno, error.value.filename) == (28, str(path))
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['file']


def test_mmengine_writes_whole_files(tmp_path, monkeypatch):
    mmengine.fileio.put(b'\0', tmp_path / 'new/bytes')
    mmengine.fileio.put_text('ä', tmp_path / 'text')
    mmengine.dump([1], tmp_path / 'data.json')
    assert (tmp_path / 'new/bytes').read_bytes() == b'\0'
    assert (tmp_path / 'text').read_text('utf-8') == 'ä'
    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(OSError):
        mmengine.dump([2], tmp_path / 'data.json')
    assert mmengine.load(tmp_path / 'data.json') == [1]


def test_parts_are_removed_and_nothing_else(tmp_path):
    for name in ('.file.0.part', 'file', 'file.part', '.hidden'):
        (tmp_path / name).touch()
    remove_parts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ['.hidden', 'file', 'file.part']
