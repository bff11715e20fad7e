"""The flow of clips: what it is, and the command that writes it."""

import os
import signal
import time

import cv2
import numpy as np
import psutil
import pytest

from mmtin.datasets.preparing.flow import flow_fields
from tests.prediction.small_recognizer import write_video
from tests.tools.in_process import run_here
from tests.tools.killable import start


def in_colour(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, 2)


def texture(right: int, down: int) -> np.ndarray:
    """A smooth pattern, moved by whole pixels."""
    pattern = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (96, 128), np.uint8), (0, 0), 3)
    pattern = cv2.normalize(pattern, None, 0, 255, cv2.NORM_MINMAX)
    return np.roll(pattern, (down, right), (0, 1))


@pytest.mark.parametrize('method', ['tvl1', 'dis'])
def test_flow_says_where_things_go(method):
    """2 pixels to the right and 1 up, of 20 that the brightest grey stands for."""
    fields = list(flow_fields([texture(2 * t, -t) for t in range(3)], method))
    assert len(fields) == 3 and (fields[1] == fields[2]).all()
    inner = np.median(fields[0][16:-16, 16:-16].reshape(-1, 2), axis=0)
    expected = [(20 + 2) * 255 / 40, (20 - 1) * 255 / 40]
    np.testing.assert_allclose(inner, expected, atol=2)


@pytest.fixture
def clips(tmp_path):
    """Two clips of three frames, one of one frame, one of which a frame is damaged, one that is absent."""
    for name, frames in (('good', 3), ('other', 3), ('short', 1), ('damaged', 3)):
        folder = tmp_path / 'media' / name
        folder.mkdir(parents=True)
        for number in range(frames):
            cv2.imwrite(str(folder / f'{number + 1:05}.jpg'), texture(number, 0))
    (tmp_path / 'media/damaged/00002.jpg').write_bytes(b'nothing')
    (tmp_path / 'list.txt').write_text('good 3 0\nshort 1 0\ndamaged 3 1\nabsent 3 1\n')
    return tmp_path


ARGUMENTS = ('list.txt', '--media', 'media', '--out', 'flow', '--method', 'dis', '--workers', 2)


def test_bad_clips_are_named_and_the_command_goes_on(clips):
    result = run_here('extract_flow', *ARGUMENTS, cwd=clips)
    assert result.returncode == 1 and '4 clips: 1 done now, 0 before, 3 bad.' in result.stdout
    assert {path.name for path in (clips / 'flow').iterdir()} == {'good', 'bad.txt', 'README.txt'}
    names = sorted(path.name for path in (clips / 'flow/good').iterdir())
    assert names == [f'flow_{name}_{number:05}.jpg' for name in 'xy' for number in (1, 2, 3)]
    bad = dict(line.split('\t') for line in (clips / 'flow/bad.txt').read_text().splitlines())
    assert bad.keys() == {'short', 'damaged', 'absent'}
    assert bad['short'] == 'a clip of one frame has no flow, which takes two' and bad['absent'] == 'missing'
    assert (clips / 'flow/README.txt').read_text().startswith('Optical flow by dis, 20 pixels')

    (clips / 'list.txt').write_text('good 3 0\nother 3 0\n')
    result = run_here('extract_flow', *ARGUMENTS, cwd=clips)
    assert result.returncode == 0 and '2 clips: 1 done now, 1 before, 0 bad.' in result.stdout


def test_frames_of_other_names(clips):
    for path in (clips / 'media/good').iterdir():
        path.rename(path.with_name(f'img_{path.name}'))
    (clips / 'list.txt').write_text('good 3 0\n')
    result = run_here('extract_flow', *ARGUMENTS, '--filename-tmpl', 'img_{:05}.jpg', cwd=clips)
    assert result.returncode == 0, result.stdout
    assert len(list((clips / 'flow/good').iterdir())) == 6


def add_hanging_clip(clips):
    """A clip whose last frame is waited for; reading it takes a writer who never comes."""
    folder = clips / 'media/hangs'
    folder.mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / f'{number + 1:05}.jpg'), texture(number, 0))
    os.mkfifo(folder / '00003.jpg')
    (clips / 'list.txt').write_text('hangs 3 0\n')


def test_a_clip_out_of_time_leaves_nothing(clips):
    add_hanging_clip(clips)
    result = run_here('extract_flow', *ARGUMENTS, '--time-limit', 1, cwd=clips)
    assert result.returncode == 1, result.stdout
    assert (clips / 'flow/bad.txt').read_text() == 'hangs\ttook longer than 1 s\n'
    assert {path.name for path in (clips / 'flow').iterdir()} == {'bad.txt', 'README.txt'}


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['Ctrl-C', 'SIGTERM'])
def test_a_stopped_command_leaves_nothing(number, clips):
    add_hanging_clip(clips)
    folders = ('--media', clips / 'media', '--out', clips / 'flow')
    process = start('extract_flow', clips / 'list.txt', *folders, '--method', 'dis', log=clips / 'log')
    while not list(clips.glob('flow/.hangs-*/new/flow_y_00001.jpg')):
        assert process.is_alive(), (clips / 'log').read_text()
        time.sleep(0.01)
    (worker,) = psutil.Process(process.pid).children()
    os.kill(process.pid, number)
    process.join()
    try:
        assert process.exitcode == 128 + number
        assert 'Traceback' not in (clips / 'log').read_text()
        assert not worker.is_running()
        assert [path.name for path in (clips / 'flow').iterdir()] == ['README.txt']
    finally:
        if worker.is_running():
            worker.kill()


def test_what_a_killed_command_left_goes_with_its_clips(clips):
    """That of clips that are not asked for may be in the writing."""
    (clips / 'media/sub').mkdir()
    (clips / 'media/other').rename(clips / 'media/sub/other')
    (clips / 'list.txt').write_text('good 3 0\nsub/other 3 0\n')
    left = ['.good-0_abcxyz', 'sub/.other-0_abcxyz']
    kept = ['.other-0_abcxyz', '.good-notes', '.good-too-0_abcxyz', 'sub/.good-0_abcxyz']
    for name in (*left, *kept):
        (clips / 'flow' / name / 'new').mkdir(parents=True)
        (clips / 'flow' / name / 'new/flow_x_00001.jpg').touch()
    result = run_here('extract_flow', *ARGUMENTS, cwd=clips)
    assert result.returncode == 0, result.stdout
    hidden = {path.relative_to(clips / 'flow').as_posix() for path in (clips / 'flow').rglob('.*')}
    assert hidden == set(kept)


def test_flow_of_videos_has_a_list_of_its_own(clips):
    (clips / 'media/one').mkdir()
    write_video(clips / 'media/one/a.mp4', [in_colour(texture(2 * t, 0)) for t in range(70)])
    write_video(clips / 'media/b.avi', [in_colour(texture(2 * t, 0)) for t in range(3)])
    (clips / 'media/cut.mp4').write_bytes(b'nothing')
    (clips / 'list.txt').write_text('one/a.mp4 3\nb.avi 1\ncut.mp4 0\nabsent.mp4 0\n')
    result = run_here('extract_flow', *ARGUMENTS, cwd=clips)
    assert result.returncode == 1 and '4 clips: 2 done now, 0 before, 2 bad.' in result.stdout
    assert 'Its list: flow/list.txt' in result.stdout
    assert (clips / 'flow/list.txt').read_text() == 'one/a 70 3\nb 3 1\n'
    bad = dict(line.split('\t') for line in (clips / 'flow/bad.txt').read_text().splitlines())
    assert bad.keys() == {'cut.mp4', 'absent.mp4'} and 'no video' in bad['cut.mp4']
    field = cv2.imread(str(clips / 'flow/one/a/flow_x_00066.jpg'), cv2.IMREAD_GRAYSCALE)
    assert np.median(field[16:-16, 16:-16]) == pytest.approx((20 + 2) * 255 / 40, abs=4)

    result = run_here('extract_flow', *ARGUMENTS, cwd=clips)
    assert '4 clips: 0 done now, 2 before, 2 bad.' in result.stdout


@pytest.mark.parametrize(
    'lines, sentence',
    [
        ('b.avi 1\nb.mp4 1\n', 'media/b.avi and media/b.mp4 have one name'),
        ('b.avi\t1\na b.avi\t1\n', 'a b.avi in list.txt has blanks'),
    ],
)
def test_faulty_lists_of_videos_are_one_sentence(lines, sentence, clips):
    write_video(clips / 'media/b.avi', [in_colour(texture(0, 0))] * 2)
    (clips / 'list.txt').write_text(lines)
    result = run_here('extract_flow', *ARGUMENTS, cwd=clips)
    assert result.returncode == 1 and sentence in result.stdout.splitlines()[-1]
    assert not (clips / 'flow').exists()


@pytest.mark.parametrize(
    'line, options, sentence',
    [
        ('../outside 3 0', (), 'is not below --media'),
        ('good 3 0', ('--bound', 10), 'was made otherwise; take its --method'),
        ('good 3 0', ('--media', 'nowhere'), 'no folder nowhere'),
        ('good 3 0', ('--out', 'list.txt/flow'), 'error: cannot write list.txt/flow/README.txt ('),
    ],
)
def test_faulty_arguments_are_one_sentence(line, options, sentence, clips):
    (clips / 'flow').mkdir()
    (clips / 'flow/README.txt').write_text('Optical flow by dis, 20 pixels at most\n')
    (clips / 'list.txt').write_text(f'{line}\n')
    result = run_here('extract_flow', *ARGUMENTS, *options, cwd=clips)
    assert result.returncode == 1 and sentence in result.stdout.splitlines()[-1]
    assert [path.name for path in (clips / 'flow').iterdir()] == ['README.txt']
