"""Clips that cannot be decoded are named with the reason, whatever they do to the decoder."""

import os
import re
import runpy
import sys
from pathlib import Path

import pytest

from tests.datasets.owner_files import write_clip, write_lines
from tests.tools.mim import run

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/check_videos.py'
REAL_CLIPS = ROOT.parent / 'shared/clips/torchvision'


def check(*args, cwd):
    result = run(sys.executable, TOOL, *args, '--workers', 2, cwd=cwd)
    assert 'Traceback' not in result.stdout
    return result


def reasons(path):
    return dict(line.split('\t') for line in path.read_text().splitlines())


def cut_in_half(path):
    content = path.read_bytes()
    cut = path.with_name(f'cut_{path.name}')
    cut.write_bytes(content[: len(content) // 2])
    return cut.name


def test_every_kind_of_bad_video_is_named(tmp_path):
    media = tmp_path / 'media'
    good = ['good.mp4', 'good.avi', 'good.webm', 'two words/good.mp4']
    for index, name in enumerate(good):
        write_clip(media / name, index)
    (media / 'empty.mp4').write_bytes(b'')
    (media / 'text.mp4').write_text('no video')
    os.mkfifo(media / 'hangs.mp4')  # reading it waits for a writer who never comes
    bad = ['empty.mp4', 'text.mp4', 'hangs.mp4', 'absent.mp4', cut_in_half(media / 'good.mp4')]
    lines = [f'{name}\t{index}' for index, name in enumerate((*bad[:2], *good, *bad[2:]))]
    write_lines(tmp_path / 'list.txt', *lines)

    arguments = ('--media', 'media', '--write-list', 'good.txt', '--time-limit', 3)
    result = check('list.txt', *arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert '9 clips: 4 good, 5 bad.' in result.stdout
    assert re.search('Decoding clips .* 100%', result.stdout)
    assert (tmp_path / 'good.txt').read_text().splitlines() == lines[2:6]
    found = reasons(tmp_path / 'list.bad.txt')
    assert set(found) == set(bad)
    assert all(found.values())
    assert found['absent.mp4'] == 'missing'
    assert found['hangs.mp4'] == 'took longer than 3 s'
    assert not any(noise in result.stdout for noise in ('moov', 'Error', 'WARNING'))

    good_ones = check('good.txt', '--media', 'media', cwd=tmp_path)
    assert good_ones.returncode == 0, good_ones.stdout
    assert '4 clips: 4 good, 0 bad.' in good_ones.stdout
    assert (tmp_path / 'good.bad.txt').read_text() == ''


def test_results_are_not_overwritten(tmp_path, monkeypatch):
    write_lines(tmp_path / 'list.txt', 'a.mp4 0')
    write_lines(tmp_path / 'list.bad.txt', 'mine')
    monkeypatch.setattr(sys, 'argv', ['', str(tmp_path / 'list.txt'), '--media', str(tmp_path)])
    with pytest.raises(SystemExit, match=r'^error: .*list\.bad\.txt is there already; .*--force'):
        runpy.run_path(str(TOOL), run_name='__main__')
    assert (tmp_path / 'list.bad.txt').read_text() == 'mine\n'


@pytest.mark.skipif(not REAL_CLIPS.is_dir(), reason=f'the real clips are not at {REAL_CLIPS}')
def test_real_clips_whole_and_cut_short(tmp_path):
    """decord 0.6.0 dies of an AVI file that ends early, such as UCF101 and HMDB51 are made of."""
    whole = []
    for path in sorted(REAL_CLIPS.iterdir()):
        if path.suffix in ('.avi', '.mp4'):
            (tmp_path / path.name).write_bytes(path.read_bytes())
            whole.append(path.name)
    assert {Path(name).suffix for name in whole} == {'.avi', '.mp4'}
    cut = [cut_in_half(tmp_path / name) for name in whole]
    write_lines(tmp_path / 'all.txt', *(f'{name} 0' for pair in zip(whole, cut) for name in pair))
    result = check('all.txt', '--media', '.', cwd=tmp_path)
    assert result.returncode == 1
    found = reasons(tmp_path / 'all.bad.txt')
    assert set(found) == set(cut)
    assert 'killed its process (SIGSEGV)' in found.values()


def test_the_list_is_never_its_own_result(tmp_path):
    write_lines(tmp_path / 'list.txt', 'a.mp4 0')
    result = check('list.txt', '--media', '.', '--write-list', 'list.txt', '--force', cwd=tmp_path)
    assert result.returncode == 1
    assert 'must be different files' in result.stdout
    assert (tmp_path / 'list.txt').read_text() == 'a.mp4 0\n'
