"""Reading the results of `mim test`, and comparing experiments."""

import json
from pathlib import Path

import pytest

from mmtin.errors import UserError
from mmtin.scores import comparison_table, latest_test_result


def write_test_run(work_dir, timestamp, **metrics):
    folder = work_dir / timestamp
    (folder / 'vis_data').mkdir(parents=True)
    (folder / f'{timestamp}.json').write_text(json.dumps(metrics))
    # What training leaves beside it is no test result.
    (folder / 'vis_data' / f'{timestamp}.json').write_text('{"loss": 1.0}')


def test_the_newest_test_run_counts(tmp_path):
    write_test_run(tmp_path, '20260101_000000', **{'acc/top1': 0.25})
    write_test_run(tmp_path, '20260102_000000', **{'acc/top1': 0.5})
    result = latest_test_result(tmp_path)
    assert result.metrics == {'acc/top1': 0.5}
    assert result.log.name == '20260102_000000.log'


def test_checkpoint_is_found_where_the_work_directory_was_moved_to(tmp_path):
    write_test_run(tmp_path, '20260101_000000', **{'acc/top1': 0.25})
    assert latest_test_result(tmp_path).checkpoint is None
    trained, tested = tmp_path / 'epoch_3.pth', tmp_path / 'best.pth'
    for path in (trained, tested):
        path.touch()
    # A training before the test in its process, then a test of its own.
    (tmp_path / 'last_checkpoint').write_text('/where/it/was/epoch_3.pth')
    assert latest_test_result(tmp_path).checkpoint == trained
    log = tmp_path / '20260101_000000/20260101_000000.log'
    log.write_text('Load checkpoint from /where/it/was/best.pth\n')
    assert latest_test_result(tmp_path).checkpoint == tested
    log.write_text('Load checkpoint from /gone/other.pth\n')
    assert latest_test_result(tmp_path).checkpoint == Path('/gone/other.pth')


def test_table_is_markdown_in_per_cent(tmp_path):
    write_test_run(tmp_path / 'tin', '20260101_000000', **{'acc/top1': 0.98125})
    header, rule, row = comparison_table([latest_test_result(tmp_path / 'tin')]).splitlines()
    assert header.split() == ['|', 'experiment', '|', 'acc/top1', '(%)', '|', 'checkpoint', '|', 'log', '|']
    assert set(rule) == {'|', '-'}
    assert row.split()[:4] == ['|', 'tin', '|', '98.1']


def test_work_dir_without_test_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r'no test result in .*mim test'):
        latest_test_result(tmp_path)


def test_unknown_metric_names_the_known(tmp_path):
    write_test_run(tmp_path, '20260101_000000', **{'acc/top1': 0.5, 'acc/top5': 0.9})
    with pytest.raises(UserError, match='it has acc/top1, acc/top5'):
        comparison_table([latest_test_result(tmp_path)], 'mAP')


def write_tested(folder, ann_file, crop='CenterCrop', sampling='', metrics=None):
    """A test run with its config; the result that is read from it."""
    write_test_run(folder, '20260101_000000', **(metrics or {'acc/top1': 0.5}))
    (folder / '20260101_000000/vis_data/config.py').write_text(
        f"test_dataloader = dict(dataset=dict(ann_file='{ann_file}', pipeline=["
        f"dict(type='VideoInit'), dict(type='SampleFrames', num_clips=8{sampling}), dict(type='{crop}')]))"
    )
    return latest_test_result(folder)


def test_rows_of_other_tests_are_named(tmp_path):
    tin = write_tested(tmp_path / 'tin', 'val.txt')
    other_list = write_tested(tmp_path / 'tsn', 'test.txt')
    table = comparison_table([tin, other_list])
    assert table.splitlines()[-1] == 'Not the same test, by list: val.txt (tin); test.txt (tsn).'
    other_views = write_tested(tmp_path / 'tsm', 'val.txt', 'ThreeCrop', ', twice_sample=True')
    assert comparison_table([tin, other_list, other_views]).splitlines()[-1] == (
        'Not the same test, by list: val.txt (tin, tsm); test.txt (tsn), and by protocol: '
        'SampleFrames, CenterCrop (tin, tsn); SampleFrames twice, ThreeCrop (tsm).'
    )


def test_runs_with_their_own_copy_of_a_list_are_alike(tmp_path):
    results = []
    for name in ('tin', 'tsn'):
        clips = tmp_path / f'{name}.txt'
        clips.write_text('a.mp4 0\n')
        results.append(write_tested(tmp_path / name, clips))
    assert 'Not the same' not in comparison_table(results)
    clips.write_text('a.mp4 0\nb.mp4 1\n')
    assert 'tsn.txt (tsn).' in comparison_table(results)


def test_metric_that_the_runs_share_is_taken(tmp_path):
    several = {'time': 1.0, 'acc/top1': 0.5, 'acc/mean_average_precision': 0.25}
    first = write_tested(tmp_path / 'tin', 'val.txt', metrics=several)
    assert '| acc/top1 (%)' in comparison_table([first])
    several = {'time': 1.0, 'acc/mean_average_precision': 0.5}
    second = write_tested(tmp_path / 'tsn', 'val.txt', metrics=several)
    assert '| acc/mean_average_precision (%)' in comparison_table([first, second])
    third = write_tested(tmp_path / 'tsm', 'val.txt', metrics={'time': 1.0, 'mAP': 0.5})
    with pytest.raises(UserError, match=r'share no metric: tin has .*; tsm has mAP.*; compare'):
        comparison_table([first, third])
