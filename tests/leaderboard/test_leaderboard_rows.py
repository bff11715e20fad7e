"""Published and measured figures side by side."""

import csv
from dataclasses import replace

import pytest

from mmtin.errors import UserError
from mmtin.leaderboard.document import chart, markdown, write_csv
from mmtin.leaderboard.published import PublishedModel, read_publication
from mmtin.leaderboard.results import Result, read_results
from mmtin.leaderboard.rows import (
    Measured,
    Row,
    as_records,
    buildable,
    fill,
    join,
    note,
)
from mmtin.scores.dumps import write_dump
from tests.scores.scored_clips import many_hot_labels, scored_clips


@pytest.fixture(scope='module')
def publication():
    return read_publication()


def test_published_rows_are_whole(publication):
    ids = [model.id for model in publication.models]
    assert len(set(ids)) == len(ids)
    for model in publication.models:
        assert set(model.parts) <= {*ids, *publication.members}
        assert bool(model.build) != bool(model.parts), 'a row is built, or is the ensemble of what is'
        # An ensemble's published cost is the sum of its parts', where all of them were published.
        parts = [part for part in publication.models if part.id in model.parts]
        if parts and len(parts) == len(model.parts) and model.gflops:
            assert model.gflops == sum(part.gflops for part in parts)
            assert model.mparams == pytest.approx(sum(part.mparams for part in parts))


def test_results_join_the_row_of_their_name(publication):
    results = [
        Result('tin_r50_sthv1', {'acc/top1': 0.5, 'acc/top5': 0.75}),
        Result('mine', {'acc/mmit_mean_average_precision': 0.6}),
    ]
    rows, others = join(publication, results)
    found = {row.published.id: row.measured for row in rows}
    assert found['tin_r50_sthv1'] == Measured(top1=50, top5=75)
    assert found['tsn_r50_sthv1'] == Measured()
    (other,) = others
    assert (other.published.model, other.published.top1, other.measured.mean_ap) == ('mine', None, 60)


def test_every_model_that_can_be_built_is_loaded(publication):
    shapes = {name: case.shape for name, case in buildable(publication).items()}
    assert shapes['tin_r50_16f_sthv1'] == (1, 16, 3, 224, 224)
    assert shapes['i3d_r50_32f_sthv1'] == (1, 2, 3, 32, 224, 224)
    assert shapes['trn_bninception_flow_sthv1'] == (1, 8, 10, 224, 224)
    assert shapes['rtcn_r50_sthv1'] == (1, 8, 3, 224, 224)


def test_ensemble_costs_the_sum_of_its_parts(publication):
    rows, _ = join(publication, [])
    cost = dict(
        gflops=30.0, mparams=20.0, latency=100.0, latency_lower=90.0, latency_upper=110.0, memory=500.0
    )
    found = {
        row.published.id: row.measured
        for row in fill(rows, {'tin_r50_sthv1': cost, 'tin_r50_16f_sthv1': cost})
    }
    assert found['tin_r50_sthv1'] == Measured(**cost)
    assert found['tin_en_sthv1'] == Measured(gflops=60, mparams=40, latency=200)
    assert found['tsm_en_sthv1'] == Measured()


def test_costs_of_another_machine_are_told_apart(publication, tmp_path):
    """They never replace those measured here, and are neither summed nor compared with them."""
    theirs = dict(gflops=1.0, mparams=20.0, latency=7.0, memory=5.0)
    names = ('tsn_r50_sthv1', 'tin_r50_sthv1', 'mine')
    sent = [Result(name, {'acc/top1': 0.5}, costs=theirs, machine='a server') for name in names]
    timed = dict(gflops=30.0, mparams=20.0, latency=100.0)
    here = dict.fromkeys(('rtcn_r50_sthv1', 'tin_r50_sthv1', 'tsm_r50_sthv1'), timed)
    here |= {'tsn_r50_sthv1': dict(gflops=30.0), 'tin_r50_16f_sthv1': timed}
    rows, others = (fill(part, here, sent, 'an abacus') for part in join(publication, sent))
    write_csv(tmp_path / 'board.csv', [*rows, *others])
    with (tmp_path / 'board.csv').open() as file:
        found = {
            line['id']: (line['measured_gflops'], line['measured_latency'], line['machine'])
            for line in csv.DictReader(file)
        }
    assert found['tin_r50_sthv1'] == ('30.0', '100.0', 'an abacus')
    assert found['tsn_r50_sthv1'] == ('30.0', '7.0', 'a server')
    assert found['mine'] == ('1.0', '7.0', 'a server')
    assert found['tin_en_sthv1'] == ('60.0', '200.0', 'an abacus')
    text = markdown(publication, rows, others, 'an abacus')
    assert text.count('a server') == 2 and 'other machine' in text and 'the latency of TIN' not in text

    del here['tin_r50_sthv1']
    rows = fill(join(publication, sent)[0], here, sent, 'an abacus')
    (ensemble,) = (row for row in rows if row.published.id == 'tin_en_sthv1')
    assert ensemble.measured == Measured(gflops=31, mparams=40) and not ensemble.machine


@pytest.mark.parametrize(
    'counted, expected',
    [
        (Measured(gflops=33.4, mparams=24.34), ''),
        (Measured(gflops=33.6, mparams=24.34), '33.6G multiply-adds counted, 33G published.'),
        (Measured(gflops=32.9, mparams=24.36), '24.36M parameters counted, 24.3M published.'),
    ],
)
def test_counts_are_compared_as_they_were_published(counted, expected):
    model = PublishedModel('a', 'A', 'A', 'R50', '8', 33, 24.3, 40.0, build=object())
    assert note(Row(model, counted)) == expected


@pytest.fixture
def board(publication):
    measured = dict(tin_r50_sthv1=0.5, tin_r50_jester=0.125, mine=0.25)
    results = [Result(name, {'acc/top1': top1}) for name, top1 in measured.items()]
    rows, others = join(publication, results)
    cost = dict(gflops=32.5, mparams=24.0, memory=500.0)
    latency = dict(tsn_r50_sthv1=100.0, rtcn_r50_sthv1=300.0, tin_r50_sthv1=120.0, mine=1.0)
    costs = {
        name: cost | dict(latency=value, latency_lower=value - 1, latency_upper=value + 1)
        for name, value in latency.items()
    }
    return publication, fill(rows, costs, machine='an abacus'), fill(others, costs, machine='an abacus')


def test_markdown_sets_published_beside_measured(board):
    text = markdown(*board, 'an abacus')
    cells = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in text.splitlines()
        if line.startswith('|')
    ]
    assert [
        'TIN',
        'R50',
        '8',
        '34 / 32.5',
        '24.3 / 24.00',
        '45.8 / 50.0',
        '75.1 / -',
        '120 (119-121)',
        '500',
    ] in cells
    assert ['mine', '-', '-', '- / 32.5', '- / 24.00', '- / 25.0', '- / -', '1 (0-2)', '500'] in cells
    today = cells[[row[0] for row in cells].index('UniFormer-S')]
    assert today[5:9] == ['57.2 / -', '- / -', '67.7', '-'] and today[-1] == 'UniFormer, model zoo'
    assert 'published figures only' not in text.lower()
    assert 'r-TCN took 2.50 times the latency of TIN, where the paper has 6: 200 ms more' in text
    assert 'Measured on: an abacus.' in text and 'other machine' not in text
    (jester,) = (row for row in cells if row[1:4] == ['Jester', 'TIN', 'R50'])
    assert jester[0] == 'Table 2' and jester[5:9] == ['- / -', '- / -', '96.7 / 12.5', '99.8 / -']
    (mmit,) = (row for row in cells if row[1:4] == ['Multi-Moments in Time', 'TIN', 'R101'])
    assert mmit[9] == '62.22 / -'


def test_csv_has_every_figure(board, tmp_path):
    _, rows, others = board
    write_csv(tmp_path / 'board.csv', [*rows, *others])
    with (tmp_path / 'board.csv').open() as file:
        lines = {line['id']: line for line in csv.DictReader(file)}
    assert len(lines) == len(rows) + 1
    tin = lines['tin_r50_sthv1']
    assert (tin['published_top1'], tin['measured_top1'], tin['measured_gflops']) == ('45.8', '50.0', '32.5')
    assert (lines['eco_en']['measured_gflops'], tin['machine']) == ('', 'an abacus')
    assert set(as_records(rows)[0]) <= set(tin)


def test_chart_has_a_bubble_for_each_accuracy(board):
    figure = chart(*board)
    labels = [[text.get_text() for text in axis.texts] for axis in figure.axes]
    assert labels[0].count('TIN 8') == 2  # published and measured
    # Where no cost was published, at the counted one.
    assert 'TANet 8' not in labels[0]
    rows = fill(board[1], dict(tanet_r50=dict(gflops=32.8, mparams=25.1)))
    assert 'TANet 8' in [text.get_text() for text in chart(board[0], rows, []).axes[0].texts]
    assert {'TSN 8 (R50)', 'TSN 8 (BNInception)', 'I3D 32 x 2 clips', 'TIN-En 8+16'} <= set(labels[0])
    assert labels[1] == ['mine']


def test_two_results_of_one_name_are_one_sentence(publication):
    with pytest.raises(UserError, match='two results are named a'):
        join(publication, [Result('a', {}), Result('a', {})])


def test_several_labels_a_clip_have_their_column(publication, tmp_path):
    write_dump(tmp_path / 'mmit.pkl', scored_clips(labels=many_hot_labels()))
    (mmit,) = read_results(f'tin_r101_mmit={tmp_path}/mmit.pkl')
    rows, others = join(publication, [mmit, replace(mmit, name='mine')])
    value = f'{100 * mmit.metrics["acc/mmit_mean_average_precision"]:.2f}'
    text = markdown(publication, rows, others, '')
    assert f'62.22 / {value}' in text and f'- / {value}' in text
