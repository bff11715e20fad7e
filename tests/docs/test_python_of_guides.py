"""The Python of the guides runs as it stands there, with the names of files that a test has."""

import re
from pathlib import Path

import pytest

from mmtin.checkpoint import read_checkpoint
from tests.prediction.small_recognizer import moving_frames, write_recognizer, write_video
from tests.report.tiny_run import shared_run

GUIDES = Path(__file__).parents[2] / 'docs/guides'


def python_of(guide: str, **names: object) -> str:
    """The last piece of Python of a guide, with other names of files."""
    code = re.findall(r'```python\n(.*?)```', (GUIDES / f'{guide}.md').read_text(), re.DOTALL)[-1]
    for old, new in names.items():
        assert f"'{old.replace('__', '/')}" in code, old
        code = re.sub(rf"'{re.escape(old.replace('__', '/'))}[^']*'", f"'{new}'", code)
    return code


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Config and checkpoint of a small network, and the folder videos/ where a guide looks for it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'videos').mkdir()
    write_video(tmp_path / 'videos/a.mp4', moving_frames(15))
    (tmp_path / 'videos/cut.mp4').write_bytes(b'nothing')
    return write_recognizer(tmp_path)


def test_predict(small, capsys):
    code = python_of('predict', **{'released__tin.py': small[0], 'released__tin.pth': small[1]})
    code = code.replace('num_workers=2', 'num_workers=0')
    exec(compile(code, 'predict.md', 'exec'), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if '.mp4' in line] == ['a.mp4', 'cut.mp4']
    assert "'score':" in next(line for line in lines if line.startswith('a.mp4'))


def test_convert(small, tmp_path):
    exec(compile(python_of('checkpoints', **{'tin_sthv1.pth.tar': small[1]}), 'checkpoints.md', 'exec'), {})
    assert read_checkpoint(tmp_path / 'tin.pth')['state_dict']


def test_compare(tmp_path_factory, capsys):
    work_dir = shared_run(tmp_path_factory)
    exec(compile(python_of('compare', **{'work_dirs__tin_r18_demo': work_dir}), 'compare.md', 'exec'), {})
    assert '| experiment' in capsys.readouterr().out
