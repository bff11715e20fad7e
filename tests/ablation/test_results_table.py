"""Means, spreads and files of an ablation, from results as runs leave them."""

import csv
import json

import pytest

from mmtin.ablation.results_table import METRIC, read_results, table, write_report
from mmtin.ablation.runs import plan
from mmtin.errors import UserError


def write_results(work_dir, **values):
    """``write_results(folder, tin=[0.9, 0.8])`` as if these were top-1 of seeds 0 and 1."""
    for variant, tops in values.items():
        for run, top1 in zip(plan(work_dir, [variant], range(len(tops))), tops, strict=True):
            run.folder.mkdir(parents=True)
            result = dict(
                variant=variant, seed=run.seed, metrics={METRIC: top1}, minutes=1.5, parameters=11_180_000
            )
            run.result_file.write_text(json.dumps(result))
    data = dict(train_clips=40, val_clips=8, classes=8, made=dict(difficulty='hard'))
    (work_dir / 'ablation.json').write_text(json.dumps(dict(config='tin.py', epochs=3, data=data)))


def test_mean_and_sample_standard_deviation_in_the_order_of_the_table(tmp_path):
    write_results(tmp_path, tin=[0.9, 0.8, 0.85], tsn=[0.5])
    first, second = [
        [cell.strip() for cell in row.split('|')[1:-1]]
        for row in table(read_results(tmp_path)).splitlines()[2:]
    ]
    assert first[1:] == ['50.0', '50.0', '1', '11.18', '1.5']
    assert second[1:] == ['85.0 ± 5.0', '90.0, 80.0, 85.0', '3', '11.18', '1.5']


def test_files_and_what_the_runs_share(tmp_path):
    write_results(tmp_path, tsm=[0.25, 0.75], tin=[0.9, 0.8])
    text = write_report(tmp_path)
    assert text == (tmp_path / 'ablation.md').read_text()
    assert 'tin.py, 3 epochs, seeds 0, 1, 40 training and 8 held-out clips' in text
    assert '(hard set), 6 minutes of training in all' in text
    rows = list(csv.DictReader((tmp_path / 'ablation.csv').open()))
    assert [(row['variant'], row['seed'], row['top1']) for row in rows] == [
        ('tsm', '0', '0.2500'),
        ('tsm', '1', '0.7500'),
        ('tin', '0', '0.9000'),
        ('tin', '1', '0.8000'),
    ]
    assert (tmp_path / 'ablation.png').read_bytes().startswith(b'\x89PNG')
    drawing = (tmp_path / 'ablation.svg').read_bytes()
    write_report(tmp_path)
    assert (tmp_path / 'ablation.svg').read_bytes() == drawing


def test_nothing_to_report(tmp_path):
    with pytest.raises(UserError, match='no finished run in'):
        write_report(tmp_path)
