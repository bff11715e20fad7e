"""The demo as the README tells it: TIN tells time's arrow, the same network without it does not."""

import re
from pathlib import Path

import pytest

from tests.tools.own_process import run

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_tin_tells_the_arrow_of_time_and_tsn_does_not(tmp_path):
    result = run(ROOT / 'tools/demo.sh', tmp_path, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    top1 = {
        model: float(value)
        for model, value in re.findall(r'\| (tin|tsn)_r18_demo +\| (\d+\.\d)', result.stdout)
    }
    assert top1['tin'] >= 95, result.stdout[-2000:]
    assert 40 <= top1['tsn'] <= 60, result.stdout[-2000:]
    assert (tmp_path / 'contact_sheet.png').read_bytes().startswith(b'\x89PNG')
