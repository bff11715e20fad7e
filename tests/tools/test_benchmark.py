"""The benchmarks, as a person types them."""

import csv
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmaction.models.backbones.mobilenet_v2 import MobileNetV2

from mmtin.benchmarking.loading import moving_texture
from mmtin.datasets.synthetic.classes import SyntheticClip
from mmtin.datasets.synthetic.drawing import write_video
from tests.tools.in_process import run_here

TOOL = Path(__file__).parents[2] / 'tools/benchmark.py'
OP = ('op', '--clips', 1, '--frames', 4, '--channels', 8, '--size', 6, '--repeats', 2, '--csv', 'op.csv')


def test_table_file_and_no_overwriting(tmp_path):
    result = run_here('benchmark', *OP, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert f'torch {torch.__version__}' in result.stdout
    assert 'clips 1, frames 4, channels 8, size 6, layout nchw, dtype float32' in result.stdout
    assert '| pass             | subject' in result.stdout
    assert result.stdout.splitlines()[-1] == 'Every figure is in op.csv.'
    with (tmp_path / 'op.csv').open(newline='') as file:
        lines = list(csv.DictReader(file))
    assert {'copy', 'reference', 'matrix', 'mmcv', 'mmaction2'} <= {line['subject'] for line in lines}
    assert {line['--channels'] for line in lines} == {'8'}

    written = (tmp_path / 'op.csv').read_bytes()
    result = run_here('benchmark', *OP, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith('error: op.csv is there already; ')
    assert (tmp_path / 'op.csv').read_bytes() == written


@pytest.fixture(scope='module')
def main():
    """The tool inside this process, which has imported everything already."""
    return runpy.run_path(str(TOOL))['main']


@pytest.mark.parametrize(
    'args, sentence',
    [
        ('op --device cuda:99', "error: cannot use the device 'cuda:99' ("),
        ('op --channels 6', 'error: --channels must be a multiple of the 4 groups, got 6'),
        ('model --against i3d', "tsn,tsm,mmaction2, separated by commas, got 'i3d'"),
        ('backbones NoSuchNet', 'error: no backbone NoSuchNet can be built'),
        ('memory --depth 19', 'argument --depth: invalid choice: 19'),
        ('loading --videos nowhere', 'in nowhere; name another folder'),
        ('op --repeats 1 --csv /dev/null/new.csv', 'error: cannot write /dev/null/new.csv ('),
    ],
    ids=lambda text: text.split()[0],
)
def test_fault_is_one_sentence(args, sentence, main, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['benchmark.py', *args.split()])
    with pytest.raises(SystemExit) as exit_:
        main()
    # argparse prints to stderr; sys.exit prints its text when Python ends.
    said = f'{exit_.value} {capsys.readouterr().err}'
    assert sentence in said.replace("'19'", '19')  # quoted since Python 3.14
    assert exit_.value.code not in (0, None)


def test_backbones(main, monkeypatch, capsys):
    args = 'backbones MobileNetV2 --frames 2 --size 32 --repeats 1 --warmup 1'
    monkeypatch.setattr(sys, 'argv', ['benchmark.py', *args.split()])
    main()
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith('| MobileNetV2')]
    _, network, blocks, parameters, added, subject, *_ = row.replace(' ', '').split('|')
    assert (network, blocks, subject) == ('MobileNetV2', '10', 'TIN')
    plain = sum(parameter.numel() for parameter in MobileNetV2().parameters())
    assert float(parameters) == plain + float(added) > plain


def test_model(main, monkeypatch, capsys):
    args = 'model --depth 18 --frames 4 --size 32 --repeats 1 --warmup 1 --mode inference --layout nchw'
    monkeypatch.setattr(sys, 'argv', ['benchmark.py', *args.split(), '--against', 'tsn'])
    main()
    lines = capsys.readouterr().out.splitlines()
    rows = [line.replace(' ', '').split('|')[1:8] for line in lines if line.startswith('|')]
    assert rows[0] == ['mode', 'depth', 'frames', 'clips', 'layout', 'subject', 'ms']
    for row, name in zip(rows[2:4], ('tsn', 'tin')):
        assert row[:6] == ['inference', '18', '4', '1', 'nchw', name]


def test_loading(main, monkeypatch, capsys, tmp_path):
    write_video(tmp_path / 'clip.mp4', SyntheticClip(moving_texture(340, 256, 16, seed=0), 25))
    args = f'loading --repeats 1 --warmup 1 --videos {tmp_path}'
    monkeypatch.setattr(sys, 'argv', ['benchmark.py', *args.split()])
    main()
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith('|')]
    assert 'x stock' in table[0] and 'clips/s' in table[0]
    assert any('test' in line and 'fast' in line for line in table)
