"""A results file is whole or not there."""

import json

import pytest

from mmtin.errors import UserError
from mmtin.prediction.results_file import ResultsFile


def write(path, error=None):
    with ResultsFile(path, config='a.py') as results:
        results.add(1, video='b.mp4', score=2)
        results.add(0, video='ä"\n.mp4', score=1)
        assert not path.exists()
        if error:
            raise error
        results.finish(videos=2)


def test_whole(tmp_path):
    write(tmp_path / 'sub/out.json')
    rows = [dict(video='ä"\n.mp4', score=1), dict(video='b.mp4', score=2)]
    assert json.loads((tmp_path / 'sub/out.json').read_text(encoding='utf-8')) == dict(
        config='a.py', results=rows, videos=2, finished=True
    )


def test_without_results(tmp_path):
    with ResultsFile(tmp_path / 'out.json') as results:
        results.finish()
    assert json.loads((tmp_path / 'out.json').read_text()) == dict(results=[], finished=True)


def test_stopped_by_hand_keeps_what_was_done(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / 'out.json', KeyboardInterrupt())
    written = json.loads((tmp_path / 'out.json').read_text(encoding='utf-8'))
    assert len(written['results']) == 2 and written['finished'] is False
    assert 'out.json.journal, and --resume goes on' in capsys.readouterr().err


def test_failed_leaves_no_file_but_what_was_done(tmp_path):
    with pytest.raises(RuntimeError):
        write(tmp_path / 'out.json', RuntimeError())
    assert [path.name for path in tmp_path.iterdir()] == ['out.json.journal']
    with ResultsFile(tmp_path / 'out.json', resume=True, config='a.py') as results:
        assert results.left(3) == [2]
        results.pass_over(2, 'c.mp4', 'broken')
        assert results.faults() == ['c.mp4: broken']
        results.finish(videos=3)
    written = json.loads((tmp_path / 'out.json').read_text(encoding='utf-8'))
    assert [entry['video'] for entry in written['results']] == ['ä"\n.mp4', 'b.mp4', 'c.mp4']
    assert [path.name for path in tmp_path.iterdir()] == ['out.json']


def test_failed_before_anything_was_done_leaves_nothing(tmp_path):
    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error), ResultsFile(tmp_path / 'out.json'):
            raise error
    assert not list(tmp_path.iterdir())


def test_another_file_stays(tmp_path):
    (tmp_path / 'out.json').write_text('mine')
    with pytest.raises(UserError, match='is there already'):
        write(tmp_path / 'out.json')
    with pytest.raises(RuntimeError), ResultsFile(tmp_path / 'out.json', force=True):
        raise RuntimeError
    assert (tmp_path / 'out.json').read_text() == 'mine'


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='cannot write'):
        write(tmp_path / 'file/out.json')
