"""What is written as JSON, every program reads: NaN and Infinity are no JSON."""

import math
import re
from pathlib import Path

import pytest

from mmtin.files.journal import Journal
from mmtin.pages.html import templates

ROOT = Path(__file__).parents[2]
LENIENT = {'strict_json.py', 'digest.py', 'something.py'}  # to_json itself, and what is compared alone


def test_every_writer_is_strict():
    others = [
        path.relative_to(ROOT)
        for path in [*ROOT.glob('mmtin/**/*.py'), *ROOT.glob('tools/*.py')]
        if path.name not in LENIENT and re.search(r'json\.dumps?\(', path.read_text('utf-8'))
    ]
    assert not others, 'these call json themselves, in place of mmtin.files.strict_json.to_json'


def test_journal(tmp_path):
    with pytest.raises(ValueError, match='not JSON compliant'), Journal(tmp_path / 'out', {}) as journal:
        journal.add(0, dict(score=math.nan))
    assert not list(tmp_path.iterdir())


def test_page():
    with pytest.raises(ValueError, match='not JSON compliant'):
        templates('mmtin.tryout').from_string('{{ score | tojson }}').render(score=math.nan)
