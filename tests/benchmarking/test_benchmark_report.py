"""Tables and files of a benchmark."""

import csv

import torch

from mmtin.benchmarking import Timing, environment, table, write_csv
from mmtin.benchmarking.output import record, unmeasured

ROW = Timing('tin', median=0.0123456, lower=0.012, upper=0.013, ratios={'tsn': 1.0625})
RECORDS = [unmeasured({'frames': 8}, 'mmcv', 'no CUDA here'), record({'frames': 8}, ROW, **{'GB/s': 3.0})]


def test_table_is_markdown_and_says_why_a_line_is_empty():
    header, rule, *lines, empty, note = table(RECORDS).splitlines()
    assert [cell.strip() for cell in header.strip('|').split('|')] == [
        'frames', 'subject', 'ms', 'quartile 1', 'quartile 3', 'x tsn', 'GB/s',
    ]  # fmt: skip
    assert set(rule) == {'|', '-'}
    assert lines[0].replace(' ', '') == '|8|mmcv|notmeasured|-|-|-|-|'
    assert lines[1].replace(' ', '') == '|8|tin|12.3|12|13|1.06|3|'
    assert (empty, note) == ('', 'mmcv: no CUDA here')


def test_csv_keeps_every_digit_and_where_it_was_measured(tmp_path):
    found = environment('cpu')
    assert (
        found['torch'] == torch.__version__ and f'{torch.get_num_threads()} threads' in found['processor']
    )
    write_csv(tmp_path / 'op.csv', RECORDS, found)
    with (tmp_path / 'op.csv').open(newline='') as file:
        missing, measured = csv.DictReader(file)
    assert float(measured['ms']) == ROW.median * 1e3 and float(measured['x tsn']) == 1.0625
    assert missing['ms'] == 'not measured' and missing['note'] == 'no CUDA here'
    assert measured['torch'] == missing['torch'] == torch.__version__
    assert [path.name for path in tmp_path.iterdir()] == ['op.csv']
