"""The host program of the export guide, run as it stands there, beside tools/predict.py."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.prediction.small_recognizer import moving_frames, write_recognizer, write_video
from tests.tools.in_process import run_tool

GUIDE = Path(__file__).parents[2] / 'docs/guides/export.md'


def test_the_host_gives_the_numbers_of_predict(tmp_path, monkeypatch):
    config, checkpoint = write_recognizer(tmp_path)
    (tmp_path / 'labels.txt').write_text(''.join(f'class {index}\n' for index in range(6)))
    write_video(tmp_path / 'clip.mp4', moving_frames(15, width=80, height=60, seed=3))
    assert run_tool(monkeypatch, 'export_onnx', config, checkpoint, tmp_path / 'tin.onnx') is None
    options = '--config', config, '--checkpoint', checkpoint, '--out', tmp_path / 'results.json'
    assert run_tool(monkeypatch, 'predict', tmp_path / 'clip.mp4', *options) is None
    (predicted,) = json.loads((tmp_path / 'results.json').read_text())['results']
    expected = {entry['name']: entry['score'] for entry in predicted['predictions']}
    assert len(expected) == 5

    code = re.findall(r'```python\n(.*?)```', GUIDE.read_text(), re.DOTALL)[0]
    (tmp_path / 'host.py').write_text(code)
    host = [sys.executable, 'host.py', 'tin.onnx', 'clip.mp4']
    output = subprocess.run(host, cwd=tmp_path, capture_output=True, text=True)
    assert output.returncode == 0, output.stderr
    printed = {
        name: float(value) for value, name in (line.split(' ', 1) for line in output.stdout.splitlines())
    }
    assert printed == pytest.approx(expected, abs=1e-4)
