"""The notebook runs from its first cell to its last, and what is kept of its outputs is small."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / 'docs/notebooks/clips_to_network.ipynb'
HANG_GUARD = 600  # seconds for a cell


def texts(notebook) -> str:
    return '\n'.join(
        output.get('text', '') for cell in notebook.cells for output in cell.get('outputs', ())
    )


def pictures(notebook) -> int:
    return sum(
        'image/png' in output.get('data', ())
        for cell in notebook.cells
        for output in cell.get('outputs', ())
    )


@pytest.mark.slow
def test_runs(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    where = dict(metadata=dict(path=str(tmp_path)))
    NotebookClient(notebook, timeout=HANG_GUARD, kernel_name='python3', resources=where).execute()
    said = texts(notebook)
    assert float(re.search(r'([\d.]+) of the held-out clips', said)[1]) > 0.6
    assert 'agrees to 0.0001: True' in said
    assert 'mim run mmtin report work_dirs/mine' in said
    assert pictures(notebook) == 2
    assert (tmp_path / 'work_dirs/mine/model.onnx').is_file()


def test_kept_outputs_are_small_and_of_nobodys_machine():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert NOTEBOOK.stat().st_size < 150_000
    assert pictures(notebook) == 2
    assert not re.search(r'(?<!\w)/(home|root|tmp|work|usr)/|Warning|Traceback', texts(notebook))
