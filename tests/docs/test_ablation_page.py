"""The tables of the ablation are those of the records, and the records are of runs that can be repeated."""

import re
import runpy
from collections import defaultdict
from itertools import permutations
from pathlib import Path

from mmengine.config import Config

from mmtin.ablation import comparison, runs
from mmtin.ablation.records import read_records
from mmtin.ablation.sets import SETS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / 'docs'
WRITER = runpy.run_path(str(DOCS / 'write_ablation.py'))
INTERVAL = re.compile(r'\[[+-]\d+\.\d, [+-]\d+\.\d\]')


def test_tables_are_made_from_the_records():
    for page, text in WRITER['pages']().items():
        assert page.read_text(encoding='utf-8') == text, f'{page}: run python docs/write_ablation.py'
        assert '<!-- made by docs/write_ablation.py -->\n' in text


def test_differences_in_the_text_are_those_of_the_records():
    """Of any two variants of a set, with the interval behind the number; what was taken back is history."""
    rows = comparison.groups(read_records(WRITER['RECORDS']).values()).values()
    known = defaultdict(set)
    for one, other in (pair for row in rows for pair in permutations(row.values(), 2)):
        if found := INTERVAL.search(difference := comparison.to_baseline(one, other)):
            known[found[0]].add(difference.split()[0].strip('+-'))
    quoted = 0
    for page in (WRITER['README'], *DOCS.glob('*.md'), *DOCS.glob('guides/*.md')):
        for paragraph in WRITER['MADE'].sub('', page.read_text(encoding='utf-8')).split('\n\n'):
            if paragraph.startswith('**What was taken back.**'):
                continue
            text = ' '.join(paragraph.split())
            for found in INTERVAL.finditer(text):
                quoted += 1
                before = text[max(0, found.start() - 120) : found.start()]
                assert any(number in before for number in known[found[0]]), (
                    f'{page}: no two variants differ by {before[-30:]}{found[0]} today'
                )
    assert quoted > 20


def test_every_record_is_of_the_recipe_that_stands_in_the_configs():
    for cell, record in read_records(WRITER['RECORDS']).items():
        base = Config.fromfile(ROOT / 'configs' / SETS[cell.set].config)
        run = runs.AblationRun(cell.variant, cell.seed, Path('run'))
        cfg = runs.run_config(
            base, run, Path('data'), base.model.cls_head.num_classes, SETS[cell.set].epochs, cell.frames
        )
        assert record.settings == runs.settings(cfg), (
            f'{cell}: the recipe is another one now; train it again'
        )
        assert record.command == (
            f'tools/ablate.py --sets {cell.set} --frames {cell.frames} --variants {cell.variant} '
            f'--seeds {cell.seed}'
        )
