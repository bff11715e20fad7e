"""Paired differences, their intervals, tables and chart, from records."""

import pytest

from mmtin.ablation.comparison import (
    chart,
    groups,
    interval,
    left,
    overview,
    report,
    table,
    write_report,
)
from mmtin.ablation.own_set import own_set
from mmtin.ablation.sets import SETS, cells
from mmtin.ablation.variants import variants_of
from tests.ablation.made_records import record
from tests.configs.experiments import CONFIGS


def rows_of(text):
    return [[cell.strip() for cell in row.split('|')[1:-1]] for row in text.splitlines()[2:]]


def test_interval_is_students():
    # Five differences: t(0.975, 4) = 2.776, standard deviation 1.5811, / sqrt(5) = 0.7071.
    middle, half = interval([1, 2, 3, 4, 5])
    assert middle == 3 and half == pytest.approx(2.776 * 0.7071, abs=1e-3)
    assert interval([4.0]) == (4.0, float('inf'))


def test_differences_are_of_the_same_seeds():
    records = [record('tsm', seed, right) for seed, right in ((0, 5), (1, 7), (2, 1))]
    records += [record('tin', seed, right) for seed, right in ((1, 8), (0, 8))] + [record('tsn', 4, 2)]
    rows = rows_of(table(groups(records)['far', 24]))
    assert [row[0].split()[0] for row in rows] == ['TSN:', 'TSM:', 'TIN:']
    assert [row[3] for row in rows] == ['', '', '+20.0 [-107.1, +147.1]']
    assert rows[2][1:3] == ['80.0 ± 0.0', '0: 80.0, 1: 80.0']
    assert rows[1][1] == '43.3 ± 30.6'
    alone = rows_of(table(groups(records[:1] + records[4:5])['far', 24]))
    assert alone[1][3] == '+30.0 (one pair)'


def test_a_difference_that_rounds_to_zero_has_no_minus():
    records = [record('tin', right=1500, clips=3000), record('tsm', right=1501, clips=3000)]
    assert rows_of(table(groups(records)['far', 24]))[1][3] == '+0.0 (one pair)'


def test_a_table_for_each_set_and_number_of_frames_in_their_order():
    text = report([record(frames=8), record(set='miracl_vc1', frames=8), record(frames=24)])
    headings = [line for line in text.splitlines() if line.startswith('###')]
    assert headings == ['### miracl_vc1, 8 frames', '### far, 24 frames', '### far, 8 frames']
    assert '5 epochs, 10 held-out clips; 1 run, 2 minutes of training.' in text


def test_overview_has_a_row_where_tin_and_tsm_were_both_trained():
    records = [record('tin', seed, 8) for seed in (0, 1)] + [record('tsm', seed, 5) for seed in (0, 1)]
    records += [record('tin', 2, 8), record('tsn', 0, 3), record('tin', set='hard', frames=8)]
    assert rows_of(overview(records)) == [
        [SETS['far'].label, '24', '80.0 ± 0.0', '50.0 ± 0.0', '30.0', '+30.0 [+30.0, +30.0]', '2']
    ]


def test_what_is_left_and_how_long_it_may_take():
    done = [record('tin', 0, minutes=3.0), record('tsm', 0, minutes=5.0)]
    text = left(
        cells({'far': SETS['far']}, [24], ['tin', 'tsm'], [0, 1, 2]), {run.cell: run for run in done}
    )
    assert rows_of(text) == [['far', '24', 'tin', '1 2', '8'], ['far', '24', 'tsm', '1 2', '8']]


def test_chart_has_a_panel_for_each_set_and_number_of_frames():
    figure = chart([record(), record('tsm'), record('tsm', 1, 4), record(frames=8)])
    panels = figure.axes
    assert [axes.get_title(loc='left') for axes in panels] == ['far, 24 frames', 'far, 8 frames']
    assert sorted(bar.get_width() for bar in panels[0].patches) == [60, 80]


def test_files_of_ones_own_clips(tmp_path):
    mine = own_set(tmp_path / 'mine', CONFIGS / 'tin_r18_demo_hard.py', epochs=3)
    assert (mine.frames, mine.epochs, mine.trunk) == ((8,), 3, 'ResNet')
    planned = cells({'mine': mine})
    assert {cell.seed for cell in planned} == {0, 1, 2}
    assert {cell.variant for cell in planned} == set(variants_of('ResNet'))
    records = [record('tsm', set='mine', frames=8), record('tin', set='mine', frames=8)]
    text = write_report(records, {'mine': mine}, tmp_path / 'out')
    assert text == (tmp_path / 'out/ablation.md').read_text()
    assert text.startswith('### mine, 8 frames') and 'tin_r18_demo_hard.py; 3 epochs' in text
    assert (tmp_path / 'out/ablation.png').read_bytes().startswith(b'\x89PNG')
    drawing = (tmp_path / 'out/ablation.svg').read_bytes()
    write_report(records, {'mine': mine}, tmp_path / 'out')
    assert (tmp_path / 'out/ablation.svg').read_bytes() == drawing
