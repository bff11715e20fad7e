"""The tables of the ablation are those of the records, and the records are of runs that can be repeated."""

import runpy
from pathlib import Path

from mmengine.config import Config

from mmtin.ablation import runs
from mmtin.ablation.records import read_records
from mmtin.ablation.sets import SETS

ROOT = Path(__file__).parents[2]
WRITER = runpy.run_path(str(ROOT / 'docs/write_ablation.py'))


def test_tables_are_made_from_the_records():
    for page, text in WRITER['pages']().items():
        assert page.read_text(encoding='utf-8') == text, f'{page}: run python docs/write_ablation.py'
        assert '<!-- made by docs/write_ablation.py -->\n' in text


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
