"""What runs leave in the project is read again, and what no run left is not."""

import json
from collections import Counter

import pytest

from mmtin.ablation.records import append_record, as_bits, read_records
from mmtin.ablation.sets import SETS, Cell, cells
from mmtin.ablation.variants import MAIN
from mmtin.errors import UserError
from tests.ablation.made_records import record


def test_written_and_read(tmp_path):
    file = tmp_path / 'new/runs.jsonl'
    assert read_records(file) == {}
    runs = [record('tsm', seed=1), record('tin', right_reversed='3')]
    for run in runs:
        append_record(file, run)
    assert read_records(file) == {run.cell: run for run in runs}
    assert runs[0].cell == Cell('far', 24, 'tsm', 1)
    assert runs[1].top1 == 80 and runs[1].top1_reversed == 20


def test_clips_are_the_bits_of_a_number_in_order():
    assert as_bits([True, False, False, True, True]) == f'{0b10011:x}'
    assert as_bits([False] * 9) == '0'


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (
            dict(right='3ff'),
            'line 2: this is not what tools/ablate.py wrote of far, 24 frames, tin, seed 1',
        ),
        (dict(seed=2), 'line 2: this is not what'),
        (dict(minutes='few'), 'line 2: this is not what'),
        (dict(top1=99.0), 'line 2: expected a record with set, frames'),
        (dict(seal=None), 'line 2: this is not what'),
    ],
)
def test_figures_that_nobody_measured_do_not_get_in(tmp_path, change, sentence):
    file = tmp_path / 'runs.jsonl'
    for seed in (0, 1):
        append_record(file, record(seed=seed))
    first, second = file.read_text().splitlines()
    file.write_text(f'{first}\n{json.dumps(json.loads(second) | change)}\n')
    with pytest.raises(UserError, match=sentence):
        read_records(file)


def test_damaged_lines_and_repeated_runs_are_named(tmp_path):
    file = tmp_path / 'runs.jsonl'
    append_record(file, record())
    append_record(file, record())
    with pytest.raises(UserError, match='line 2: far, 24 frames, tin, seed 0 stands there twice'):
        read_records(file)
    file.write_text(file.read_text()[:-30])
    with pytest.raises(UserError, match='line 2: expected a record with'):
        read_records(file)


def test_main_rows_come_first_and_have_most_seeds():
    planned = cells({name: SETS[name] for name in ('far', 'hard')})
    assert len(planned) == len(set(planned))
    assert [str(cell) for cell in planned[:7:3]] == [
        'far, 24 frames, tsn, seed 0',
        'hard, 8 frames, tsn, seed 0',
        'far, 24 frames, tsn, seed 1',
    ]
    names = *MAIN['ResNet'], *SETS['hard'].parts
    count = {variant: sum(cell[:3] == ('hard', 8, variant) for cell in planned) for variant in names}
    assert count == {name: 5 if name in ('tsn', 'tsm', 'tin') else 3 for name in names}
    with_16 = Counter(cell.variant for cell in planned if cell[:2] == ('hard', 16))
    assert with_16 == {'tsm': 3, 'tin': 3, 'tin_fixed': 3}
    far = {cell.variant for cell in planned if cell.set == 'far'}
    assert far == {'tsn', 'tsm', 'tin', *SETS['far'].parts}
    assert cells({'far': SETS['far']}, [8], ['tin'], [7, 7]) == [Cell('far', 8, 'tin', 7)]
    light = [cell.variant for cell in cells({'fight_surv': SETS['fight_surv']})]
    assert light == ['light_tsn', 'light_tsm', 'light_tin'] * 3
    longer = {
        name: {cell.variant for cell in cells({name: SETS[name]})}
        for name in ('miracl_vc1_order_48e', 'hard_8e')
    }
    assert longer == {
        'miracl_vc1_order_48e': {'tsm', 'tin'},
        'hard_8e': {'tsm', 'tin', 'tin_fixed', 'tin_mmcv'},
    }
