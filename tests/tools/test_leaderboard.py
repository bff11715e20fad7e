"""The leaderboard and a submission as a person types them."""

from mmtin.scores.dumps import write_dump
from tests.scores.scored_clips import scored_clips
from tests.tools.in_process import run_here


def test_leaderboard_counts_every_model_and_takes_results(tmp_path):
    write_dump(tmp_path / 'tin_r50_sthv1.pkl', scored_clips())
    result = run_here(
        'leaderboard', '--no-latency', '--results', 'tin_r50_sthv1.pkl', '--out', 'board', cwd=tmp_path
    )
    assert result.returncode == 0, result.stdout
    text = (tmp_path / 'board/leaderboard.md').read_text()
    assert text in result.stdout
    # Of what was published two streams and non-local blocks are counted as the notes say.
    for cell in (
        '33 / 32.7',
        '16 / 16.3',
        '- / 34.7',
        '64 / 64.4',
        '267 / 267.3',
        '306 / 304.9',
        '336 / 466.4',
        '125 / 125.0',
    ):
        assert cell in text
    assert '150 / 149.55' in text and 'published figures only' not in text.lower()
    assert '45.8 / ' in text and '45.8 / -' not in text
    assert (tmp_path / 'board/leaderboard.png').read_bytes().startswith(b'\x89PNG')
    assert sorted(path.name for path in (tmp_path / 'board').iterdir()) == [
        'leaderboard.csv', 'leaderboard.md', 'leaderboard.png',
    ]  # fmt: skip
    assert result.stdout.splitlines()[-1].startswith('Written: board/leaderboard.md')


def test_nothing_is_overwritten_unasked(tmp_path):
    (tmp_path / 'leaderboard.csv').write_text('mine')
    result = run_here('leaderboard', '--no-latency', '--out', '.', cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == 'error: leaderboard.csv is there already; --force replaces it'
    assert (tmp_path / 'leaderboard.csv').read_text() == 'mine'


def test_device_that_is_not_there_is_one_sentence(tmp_path):
    for device in ('cuda:99', 'gpu'):
        result = run_here('leaderboard', '--device', device, cwd=tmp_path)
        assert result.returncode == 1
        assert result.stdout.splitlines()[-1].startswith(f"error: cannot use the device '{device}' (")


def test_submission_is_written(tmp_path):
    write_dump(tmp_path / 'test.pkl', scored_clips(labels=[-1] * 12))
    (tmp_path / 'labels.txt').write_text(''.join(f'Doing {number}\n' for number in range(6)))
    arguments = ('--format', 'sthv1', '--labels', 'labels.txt', '--out', 'new/submission.csv')
    result = run_here('leaderboard', 'submit', 'test.pkl', *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    lines = (tmp_path / 'new/submission.csv').read_text().splitlines()
    assert len(lines) == 12 and lines[3].startswith('3;Doing ')
    assert (
        result.stdout.splitlines()[-1]
        == 'Predictions for 12 clips in the form of sthv1: new/submission.csv'
    )
    arguments = (*arguments[:-1], 'labels.txt/submission.csv')
    result = run_here('leaderboard', 'submit', 'test.pkl', *arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith('error: cannot write labels.txt/submission.csv (')
