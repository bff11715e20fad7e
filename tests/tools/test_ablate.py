"""A real ablation, small: stopped in the middle of its second run, it goes on and reports."""

import json
import os
import runpy
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from mmtin.ablation.records import read_records
from mmtin.datasets.synthetic import write_dataset

TOOL = Path(__file__).parents[2] / 'tools/ablate.py'


@pytest.fixture
def ablate(monkeypatch, capsys):
    """Call the tool within this process; the function returns its output and status."""
    main = runpy.run_path(str(TOOL))['main']

    def call(*args):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, args)])
        status = None
        try:
            main()
        except SystemExit as end:
            status = end.code
        out, err = capsys.readouterr()
        return out + err + (status if isinstance(status, str) else ''), status

    return call


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp('ablation') / 'data'
    write_dataset(root, num_clips=24, num_val=8, seed=0, difficulty='hard')
    return root


def stop_once_there_is(file):
    """End this process, as `kill` does, when ``file`` appears; the tool that runs in it handles that."""

    def wait():
        while not file.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def test_stopped_and_taken_up_again(ablate, data, tmp_path):
    work_dir = tmp_path / 'work'
    command = ('--data', data, '--variants', 'tsn', 'tin_mmcv', '--seeds', '0', '--work-dir', work_dir)
    folder, records = work_dir / 'data_8f', work_dir / 'runs.jsonl'
    stop_once_there_is(folder / 'tin_mmcv/seed0/last_checkpoint')
    output, status = ablate(*command, '--epochs', '2')
    assert status == 128 + signal.SIGTERM and 'stopped; the same command goes on from here' in output
    assert 'data, 8 frames, tsn, seed 0: top-1' in output
    assert [cell.variant for cell in read_records(records)] == ['tsn']
    first = records.read_text()

    output, status = ablate(*command, '--epochs', '2')
    assert not status, output
    assert '2 runs, 1 of them finished already' in output
    assert 'resumed epoch:' in (folder / 'tin_mmcv/seed0/output.log').read_text()
    assert records.read_text().startswith(first) and len(read_records(records)) == 2
    assert all(0 <= record.top1 <= 100 and record.minutes > 0 for record in read_records(records).values())
    assert "TIN with mmcv's gradient" in output and 'TSN: no temporal module' in output
    assert '### data, 8 frames' in (work_dir / 'ablation.md').read_text()
    assert not list(work_dir.rglob('*.pth'))  # unless asked for

    output, status = ablate(*command, '--epochs', '2', '--report')
    assert not status and 'TSN: no temporal module' in output
    output, status = ablate(*command, '--epochs', '3')
    assert status and 'a record of data, 8 frames, tsn, seed 0 with other settings' in output


def test_on_a_cluster(ablate, data, tmp_path, monkeypatch):
    pytest.importorskip('ray', reason='no Ray here')
    monkeypatch.setenv('RAY_AUTH_MODE', 'disabled')  # and no token is written
    work_dir = tmp_path / 'work'
    command = ('--data', data, '--variants', 'tsn', '--seeds', '0', '--epochs', '1', '--work-dir', work_dir)
    output, status = ablate(*command, '--ray')
    assert not status, output
    assert 'tsn, seed 0: top-1' in output and 'TSN: no temporal module' in output
    assert len(read_records(work_dir / 'runs.jsonl')) == 1 and not list(work_dir.rglob('*.pth'))
    output, status = ablate(*command, '--ray')
    assert not status and '1 runs, 1 of them finished already' in output


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (('--data', 'nowhere'), 'error: no folder'),
        (('--data', '.'), 'error: no data set in'),
        (('--report', '--work-dir', 'nowhere'), 'error: no finished run of these in nowhere/runs.jsonl'),
        (('--variants', 'tim'), "invalid choice: 'tim'"),
        (('--config', 'nowhere.py'), 'error: no config at nowhere.py'),
        (('--epochs', '0'), 'expected a whole number, 1 or more'),
        (('--sets', 'far', '--ray', '--jobs', '2'), 'error: --ray goes without --jobs: the cluster says'),
        (('--sets', 'far', '--epochs', '3'), 'error: --sets brings its own --epochs'),
        (('--sets', 'far', '--data', 'data'), 'error: --sets brings its own --data'),
        (('--sets', 'far'), 'error: no folder '),
        (('--sets', 'fight_surv', '--variants', 'tsm'), 'error: tsm is a variant of ResNet and this'),
    ],
    ids=lambda value: value[0].strip('-') if isinstance(value, tuple) else '',
)
def test_one_sentence_for_bad_input(ablate, args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output, status = ablate(*args)
    assert status
    assert message in output.splitlines()[-1]
    assert 'Traceback' not in output
    assert not list(tmp_path.iterdir())


def test_sets_are_recorded_and_gone_on_with_from_the_records(ablate, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_dataset(Path('data/demo_far'), num_clips=24, num_val=8, seed=0, difficulty='far')
    command = ('--sets', 'far', '--frames', '8', '--variants', 'tsn', '--seeds', '4', '--jobs', '2')
    output, status = ablate(*command, '--left')
    assert not status and '0 of 1 runs are done' in output

    output, status = ablate(*command)
    assert not status, output
    assert 'far, 8 frames, tsn, seed 4: top-1' in output and '### far, 8 frames' in output
    records = read_records(Path('docs/ablation/runs.jsonl'))
    ((cell, record),) = records.items()
    assert str(cell) == 'far, 8 frames, tsn, seed 4' and record.clips == 8
    tested = json.loads(Path('work_dirs/ablation/far_8f/tsn/seed4/tested.json').read_text())
    assert record.top1 / 100 == pytest.approx(tested['forwards']['metrics']['acc/top1'])
    assert record.top1_reversed / 100 == pytest.approx(tested['reversed']['metrics']['acc/top1'])
    # Blind to order, so that the same clips are right in reverse.
    assert record.right == record.right_reversed

    shutil.rmtree('work_dirs')
    output, status = ablate(*command)
    assert not status and '1 runs, 1 of them finished already' in output
    assert not Path('work_dirs/ablation/far_8f').exists()

    write_dataset(Path('data/demo_far'), 24, 8, seed=1, force=True, difficulty='far')
    output, status = ablate(*command)
    assert status and 'has a record of far, 8 frames, tsn, seed 4 with other clips' in output
