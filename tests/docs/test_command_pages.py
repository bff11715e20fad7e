"""The pages of docs/commands say what the commands' --help says."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = sorted((ROOT / 'tools').glob('*.py'))
page = runpy.run_path(str(ROOT / 'docs/write_commands.py'))['page']


@pytest.mark.parametrize('tool', TOOLS, ids=lambda tool: tool.stem)
def test_page_is_the_help(tool, monkeypatch):
    monkeypatch.setenv('COLUMNS', '100')
    written = ROOT / 'docs/commands' / f'{tool.stem}.md'
    assert written.is_file() and written.read_text() == page(tool), 'run python docs/write_commands.py'


def test_no_page_is_left_of_a_command_that_went():
    pages = {path.stem for path in (ROOT / 'docs/commands').glob('*.md')}
    assert pages == {tool.stem for tool in TOOLS}
