"""From the owner's files to lists, as a person types it."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from mmtin.commands.arguments import mmaction2_tool
from mmtin.datasets.own import read_own_videos
from tests.datasets.own.own_files import make_folders
from tests.datasets.owner_files import make
from tests.tools.in_process import run_here, run_tool

TOOL = Path(__file__).parents[2] / 'tools/prepare_data.py'


def test_summary_says_what_came_of_it_and_what_to_type_next(tmp_path):
    make('sthv1', tmp_path)
    (tmp_path / 'media/34870').rename(tmp_path / 'elsewhere')
    arguments = ('sthv1', '--annotations', 'annotations', '--media', 'media')
    result = run_here('prepare_data', *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert re.search('Looking at clips .* 100%', result.stdout)
    assert (
        "3 classes; their order is the owner's, that of something-something-v1-labels.csv" in result.stdout
    )
    assert 'warning: 3 classes are not the 174' in result.stdout
    rows = {tuple(line.replace('|', ' ').split()) for line in result.stdout.splitlines()}
    assert {('train', '2', '1', '0'), ('val', '2', '0', '0'), ('test', '1', '0', '0')} <= rows
    last = result.stdout.splitlines()[-1]
    check = TOOL.with_name('check_videos.py')
    assert last == f'Next: python {check} data/sthv1/train.txt --media data/sthv1/media --frames'
    assert check.is_file()
    assert (tmp_path / 'data/sthv1/media').samefile(tmp_path / 'media')


def test_fault_is_one_sentence(tmp_path):
    make('hmdb51', tmp_path)
    result = run_here(
        'prepare_data', 'hmdb51', '--annotations', 'annotations', '--media', 'media', '--out', 'mine',
        '--split', 4, cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == 'error: HMDB51 has 3 split(s), counted from 1; got 4'
    assert not (tmp_path / 'mine').exists()


def test_lists_of_folders(tmp_path):
    make_folders(tmp_path / 'mine', run=2, walk=4)
    result = run_here('prepare_data', 'folder', '--media', 'mine', cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    rows = {tuple(line.replace('|', ' ').split()) for line in result.stdout.splitlines()}
    assert {('run', '1', '1'), ('walk', '3', '1')} <= rows
    assert result.stdout.splitlines()[-1] == (
        'Next: mim train mmtin tin_r50_finetune.py --cfg-options data=data/mine'
    )
    assert (tmp_path / 'data/mine/train.txt').is_file()

    (tmp_path / 'mine/walk/0.mp4').write_text('no video')
    result = run_here('prepare_data', 'folder', '--media', 'mine', '--force', cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith('error: no video that can be read: mine/walk/0.mp4')


@pytest.mark.parametrize('name', ['my videos', 'clips (2), old'])
def test_line_to_type_next_finds_the_lists(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_folders(tmp_path / name, run=2, walk=2)
    assert run_tool(monkeypatch, 'prepare_data', 'folder', '--media', name) is None
    _, mim, train, package, *typed = shlex.split(capsys.readouterr().out.splitlines()[-1])
    assert (mim, train, package) == ('mim', 'train', 'mmtin')
    monkeypatch.setattr(sys, 'argv', ['train.py', *typed])
    args = mmaction2_tool('train')['parse_args']()
    assert args.cfg_options == {'data': f'data/{name}'}
    assert len(read_own_videos(Path(args.cfg_options['data'])).train) == 2


def test_owners_files_must_be_named(tmp_path):
    result = run_here('prepare_data', 'sthv1', '--media', 'media', cwd=tmp_path)
    assert result.returncode == 2
    assert 'required: --annotations' in result.stdout
