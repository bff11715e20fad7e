"""The pages of docs/commands say what the commands' --help says."""

import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = sorted((ROOT / 'tools').glob('*.py'))
page = runpy.run_path(str(ROOT / 'docs/write_commands.py'))['page']


def laid_out(text):
    """As this Python does it: since 3.13 argparse says an option's value once and breaks other lines."""
    if sys.version_info < (3, 13):
        return text
    return re.sub(r'(--?[\w-]+) (\S+), (?=--?[\w-]+ \2 )', r'\1, ', ' '.join(text.split()))


@pytest.mark.parametrize('tool', TOOLS, ids=lambda tool: tool.stem)
def test_page_is_the_help(tool, monkeypatch):
    monkeypatch.setenv('COLUMNS', '100')
    written = ROOT / 'docs/commands' / f'{tool.stem}.md'
    assert written.is_file()
    assert laid_out(written.read_text()) == laid_out(page(tool)), 'run python docs/write_commands.py'


def test_no_page_is_left_of_a_command_that_went():
    pages = {path.stem for path in (ROOT / 'docs/commands').glob('*.md')}
    assert pages == {tool.stem for tool in TOOLS}
