"""Configs are parsed to the entries of the snapshot, however their files are written.

People and ``inference_recognizer`` read these entries. ``python -m tests.configs.parsed`` accepts a change,
and the difference of its file shows it.
"""

import pytest
from mmengine.config import Config

from tests.configs.experiments import CONFIGS
from tests.configs.parsed import parsed, read

SNAPSHOT = read()
ALL = pytest.mark.parametrize('path', sorted(CONFIGS.glob('*.py')), ids=lambda path: path.stem)


def test_every_config_was_looked_at():
    assert set(SNAPSHOT) == {path.stem for path in CONFIGS.glob('*.py')}


@ALL
def test_every_entry_is_what_it_was(path):
    now, was = parsed(path), SNAPSHOT[path.stem]
    assert now.keys() == was.keys()
    for entry in was:
        assert now[entry] == was[entry], entry


@pytest.mark.parametrize('name', ['tin_r50_16f_sthv1', 'tsn_r101_5f_mmit', 'tin_r50_split2_ucf101'])
def test_a_dump_is_read_to_the_same(name, tmp_path):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.dump(tmp_path / 'dump.py')
    assert 'mmtin.recipes' not in (tmp_path / 'dump.py').read_text()
    assert Config.fromfile(tmp_path / 'dump.py').to_dict() == cfg.to_dict()
