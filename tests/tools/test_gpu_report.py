"""The report of a GPU, where there is none. `DEVICE=cpu tools/gpu_report.sh` tries the whole script."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / 'tools/gpu_report.sh'


def fails(report: Path) -> str:
    """The last line of what it says."""
    environment = {**os.environ, 'PYTHON': sys.executable}
    result = subprocess.run([SCRIPT, report], env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    return result.stderr.splitlines()[-1]


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_no_gpu_is_one_sentence_and_leaves_nothing(tmp_path):
    assert fails(tmp_path / 'report.md').startswith('error: torch sees no GPU; see `')
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    report = tmp_path / 'report.md'
    report.write_text('mine')
    assert fails(report).endswith('report.md is there already; name another file or take it away')
    assert report.read_text() == 'mine'
