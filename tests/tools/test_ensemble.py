"""TIN-En as a person types it."""

import re

from mmtin.scores.dumps import read_dump, write_dump
from tests.scores.scored_clips import scored_clips
from tests.tools.in_process import run_here


def test_parts_and_whole_are_reported_and_dumped(tmp_path):
    for frames in (8, 16):
        write_dump(tmp_path / f'tin_{frames}f.pkl', scored_clips(seed=frames))
    arguments = ('tin_8f.pkl', 'tin_16f.pkl', '--weights', 1, 2, '--out', 'tin_en.pkl')
    result = run_here('ensemble', *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    for name, weight in (('tin_8f.pkl', '1'), ('tin_16f.pkl', '2'), ('ensemble', '')):
        assert re.search(rf'\| {re.escape(name)} +\| {weight} +\| +\d+\.\d\d % ', result.stdout)
    assert result.stdout.splitlines()[-1] == 'Averaged scores of 12 clips: tin_en.pkl'
    assert len(read_dump(tmp_path / 'tin_en.pkl')) == 12


def test_another_set_is_one_sentence_and_nothing_is_written(tmp_path):
    write_dump(tmp_path / 'a.pkl', scored_clips())
    write_dump(tmp_path / 'b.pkl', scored_clips(count=11))
    result = run_here('ensemble', 'a.pkl', 'b.pkl', '--out', 'c.pkl', cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith('error: a.pkl has 12 clips and b.pkl 11')
    assert not (tmp_path / 'c.pkl').exists()
