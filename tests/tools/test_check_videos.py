"""Clips that cannot be decoded are named with the reason, whatever they do to the decoder."""

import os
import re
import signal
import sys
from functools import partial
from pathlib import Path

from tests.datasets.owner_files import write_clip, write_lines
from tests.datasets.video.video_files import CLIPS
from tests.tools.in_process import run_here, run_tool
from tests.tools.killable import command, die_after_entries
from tests.tools.own_process import run

TOOL = Path(__file__).parents[2] / 'tools/check_videos.py'
# As UCF101 and HMDB51 have them; none where the real clips are missing.
REAL_AVI = sorted((CLIPS / 'torchvision').glob('*.avi'))


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
    for path in REAL_AVI:
        (media / path.name).write_bytes(path.read_bytes())
    good += [path.name for path in REAL_AVI]
    (media / 'empty.mp4').write_bytes(b'')
    (media / 'text.mp4').write_text('no video')
    os.mkfifo(media / 'hangs.mp4')  # reading it waits for a writer who never comes
    cut = [cut_in_half(media / name) for name in good if '/' not in name]
    bad = ['empty.mp4', 'text.mp4', 'hangs.mp4', 'absent.mp4', *cut]
    lines = [f'{name}\t{index}' for index, name in enumerate((*bad[:2], *good, *bad[2:]))]
    write_lines(tmp_path / 'list.txt', *lines)

    # A process of its own, so that what decoders print themselves is seen as well.
    arguments = ('--media', 'media', '--workers', 2, '--write-list', 'good.txt', '--time-limit', 3)
    result = run(sys.executable, TOOL, 'list.txt', *arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert 'Traceback' not in result.stdout
    assert f'{len(lines)} clips: {len(good)} good, {len(bad)} bad.' in result.stdout
    assert re.search('Decoding clips .* 100%', result.stdout)
    assert (tmp_path / 'good.txt').read_text().splitlines() == lines[2 : 2 + len(good)]
    found = reasons(tmp_path / 'list.bad.txt')
    assert set(found) == set(bad)
    assert all(found.values())
    assert found['absent.mp4'] == 'missing'
    assert found['hangs.mp4'] == 'took longer than 3 s'
    assert {found[name] for name in cut} == {'the file is cut off: it ends before it says'}
    assert not any(noise in result.stdout for noise in ('moov', 'Error', 'WARNING'))

    good_ones = run_here('check_videos', 'good.txt', '--media', 'media', '--workers', 2, cwd=tmp_path)
    assert good_ones.returncode == 0, good_ones.stdout
    assert f'{len(good)} clips: {len(good)} good, 0 bad.' in good_ones.stdout
    assert (tmp_path / 'good.bad.txt').read_text() == ''


def test_results_are_not_overwritten(tmp_path, monkeypatch):
    write_lines(tmp_path / 'list.txt', 'a.mp4 0')
    write_lines(tmp_path / 'list.bad.txt', 'mine')
    sentence = run_tool(monkeypatch, 'check_videos', tmp_path / 'list.txt', '--media', tmp_path)
    assert re.match(r'error: .*list\.bad\.txt is there already; .*--force', sentence)
    assert (tmp_path / 'list.bad.txt').read_text() == 'mine\n'


def test_places_that_cannot_be_written_are_told_before_the_work(tmp_path, monkeypatch):
    write_lines(tmp_path / 'list.txt', 'a.mp4 0')
    for option in ('--bad', '--write-list'):
        given = (tmp_path / 'list.txt', '--media', tmp_path, option, tmp_path / 'list.txt/new')
        sentence = run_tool(monkeypatch, 'check_videos', *given)
        assert sentence.startswith(f'error: cannot write {tmp_path}/list.txt/new (')
    assert os.listdir(tmp_path) == ['list.txt']
    made = ('--bad', tmp_path / 'new/bad.txt', '--workers', 1)
    assert run_tool(monkeypatch, 'check_videos', *given[:3], *made) == '1'
    assert reasons(tmp_path / 'new/bad.txt') == {'a.mp4': 'missing'}


def test_the_list_is_never_its_own_result(tmp_path, monkeypatch):
    path = tmp_path / 'list.txt'
    write_lines(path, 'a.mp4 0')
    arguments = (path, '--media', tmp_path, '--write-list', path, '--force')
    assert 'must be different files' in run_tool(monkeypatch, 'check_videos', *arguments)
    assert path.read_text() == 'a.mp4 0\n'


def test_a_killed_run_goes_on(tmp_path, monkeypatch):
    media = tmp_path / 'media'
    for index in range(3):
        write_clip(media / f'{index}.mp4', index)
    (media / 'text.mp4').write_text('no video')
    write_lines(tmp_path / 'list.txt', *(f'{name}.mp4 0' for name in ('0', 'text', '1', '2', 'absent')))
    given = (tmp_path / 'list.txt', '--media', media, '--workers', 1, '--write-list', tmp_path / 'good.txt')
    fault = partial(die_after_entries, 3)
    killed = command('check_videos', *given, log=tmp_path / 'log', fault=fault)
    assert killed[0] == -signal.SIGKILL, killed[1]
    assert '--resume goes on' in run_tool(monkeypatch, 'check_videos', *given)
    other = run_tool(monkeypatch, 'check_videos', *given, '--resume', '--num-segments', 3)
    assert 'list.bad.txt.journal is of a run with another' in other and '--num-segments' in other

    (media / '0.mp4').unlink()  # it is done
    assert run_tool(monkeypatch, 'check_videos', *given, '--resume') == '1'
    assert reasons(tmp_path / 'list.bad.txt').keys() == {'text.mp4', 'absent.mp4'}
    assert (tmp_path / 'good.txt').read_text().splitlines() == ['0.mp4 0', '1.mp4 0', '2.mp4 0']
    assert not list(tmp_path.glob('*.journal'))
