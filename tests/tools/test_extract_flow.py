"""The flow of clips: what it is, and the command that writes it."""

import cv2
import numpy as np
import pytest

from mmtin.datasets.preparing.flow import flow_fields
from tests.prediction.small_recognizer import write_video
from tests.tools.in_process import run_here


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
    ],
)
def test_faulty_arguments_are_one_sentence(line, options, sentence, clips):
    (clips / 'flow').mkdir()
    (clips / 'flow/README.txt').write_text('Optical flow by dis, 20 pixels at most\n')
    (clips / 'list.txt').write_text(f'{line}\n')
    result = run_here('extract_flow', *ARGUMENTS, *options, cwd=clips)
    assert result.returncode == 1 and sentence in result.stdout.splitlines()[-1]
    assert [path.name for path in (clips / 'flow').iterdir()] == ['README.txt']
