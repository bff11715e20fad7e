"""tools/predict.py: what it writes, what it refuses, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from tests.prediction.small_recognizer import NUM_CLASSES, moving_frames, write_recognizer, write_video
from tests.tools.in_process import TOOLS, run_tool
from tests.tools.killable import command, die_after_entries


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    return write_recognizer(tmp_path_factory.mktemp('recognizer'))


@pytest.fixture
def predict(small, monkeypatch, tmp_path):
    """Run the command in ``tmp_path`` in this process."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: run_tool(
        monkeypatch, 'predict', *args, '--config', small[0], '--checkpoint', small[1], '--device', 'cpu'
    )


def write_labels(path, count=NUM_CLASSES):
    path.write_text(''.join(f'class {label}\n' for label in range(count)))
    return path


def test_folder_with_a_bad_file(predict, tmp_path, capsys):
    (tmp_path / 'videos/sub').mkdir(parents=True)
    write_video(tmp_path / 'videos/a.mp4', moving_frames(20))
    write_video(tmp_path / 'videos/sub/b.avi', moving_frames(2, seed=1), codec='mpeg4')
    (tmp_path / 'videos/text.mp4').write_text('no video')
    labels = write_labels(tmp_path / 'labels.txt')
    assert predict('videos', '--labels', labels, '--topk', 3, '--save-video') == '3'

    written = json.loads((tmp_path / 'results.json').read_text())
    assert (written['videos'], written['failed'], written['finished']) == (3, 1, True)
    assert written['videos_per_second'] > 0
    good, short, bad = written['results']
    assert [entry['video'] for entry in (good, short, bad)] == ['a.mp4', 'sub/b.avi', 'text.mp4']
    assert [found['name'] for found in good['predictions']] == [
        f'class {found["label"]}' for found in good['predictions']
    ]
    assert (
        1 > good['predictions'][0]['score'] > good['predictions'][1]['score']
        and len(good['predictions']) == 3
    )
    assert short['note'] == '2 frames for clips of 4: some are repeated'
    assert bad['error']

    for name, frames in {'a.mp4': 20, 'sub/b.mp4': 2}.items():
        with av.open(str(tmp_path / 'results_videos' / name)) as container:
            assert len(list(container.decode(video=0))) == frames
    out, err = capsys.readouterr()
    assert '2 of 3 videos' in out and 'results.json' in out and 'results_videos' in out
    assert f'passed over text.mp4: {bad["error"]}' in err
    assert 'note on sub/b.avi: 2 frames for clips of 4: some are repeated' in err


def test_picture_by_the_name_of_a_video_is_told_of(predict, tmp_path, capfd):
    picture = cv2.imencode('.jpg', np.full((48, 64, 3), 99, np.uint8))[1]
    (tmp_path / 'walk.mp4').write_bytes(picture.tobytes())
    assert predict('walk.mp4') is None
    screen = capfd.readouterr()
    assert '%' in screen.out
    note = 'one frame, as of a picture, for clips of 4: nothing moves in it'
    assert f'note on walk.mp4: {note}' in screen.err.splitlines()
    assert json.loads((tmp_path / 'results.json').read_text())['results'][0]['note'] == note
    assert predict('walk.mp4', '--stream', '--out', 'walk.jsonl') is None
    assert f'note on walk.mp4: {note}' in capfd.readouterr().err.splitlines()


def test_list_of_a_data_set(predict, tmp_path, capsys):
    """Names out of the folder and names like commands stay names."""
    (tmp_path / 'media').mkdir()
    write_video(tmp_path / 'up.mp4', moving_frames(12))
    write_video(tmp_path / 'media/; touch x.mp4', moving_frames(12))
    (tmp_path / 'test.txt').write_text('../up.mp4\t0\n; touch x.mp4\t1\n')
    out = tmp_path / 'sub/out.json'
    assert predict('test.txt', '--media', 'media', '--out', out, '--save-video') is None
    assert [e['video'] for e in json.loads(out.read_text())['results']] == ['../up.mp4', '; touch x.mp4']
    written = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob('*') if p.is_file())
    assert written == [
        'media/; touch x.mp4',
        'sub/out.json',
        'sub/out_videos/; touch x.mp4',
        'sub/out_videos/up.mp4',
        'test.txt',
        'up.mp4',
    ]


def test_a_killed_run_goes_on(small, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    config, checkpoint = small
    (tmp_path / 'videos').mkdir()
    for index in range(4):
        write_video(tmp_path / f'videos/{index}.mp4', moving_frames(2 if index == 1 else 12, seed=index))
    (tmp_path / 'videos/text.mp4').write_text('no video')

    def arguments(source='videos', checkpoint=checkpoint):
        where = dict(config=config, checkpoint=checkpoint, device='cpu', workers=0)
        return [source, *(f'--{name}={value}' for name, value in where.items()), '--batch-size', 1]

    assert run_tool(monkeypatch, 'predict', *arguments(), '--out', 'whole.json') == '3'
    whole = capsys.readouterr()
    killed = command('predict', *arguments(), log=tmp_path / 'log', fault=partial(die_after_entries, 3))
    assert killed[0] == -signal.SIGKILL, killed[1]
    assert not (tmp_path / 'results.json').exists()

    Path('other.pth').write_bytes(checkpoint.read_bytes() + b' ')
    Path('list.txt').write_text('videos/0.mp4\nvideos/1.mp4\n')
    for args, sentence in {
        (*arguments(),): 'an interrupted run did; --resume goes on from there, --force begins anew',
        (*arguments(checkpoint='other.pth'), '--resume'): 'a run with another checkpoint; give what',
        (*arguments('list.txt'), '--resume'): 'a run with another list of videos; give what',
        (*arguments(), '--topk', 2, '--resume'): 'a run with another --topk; give what',
        (*arguments(), '--dtype', 'bfloat16', '--resume'): 'a run with another --dtype; give what',
    }.items():
        refused = run_tool(monkeypatch, 'predict', *args)
        assert refused.startswith('error: ') and sentence in refused and '\n' not in refused
    for done in range(3):  # what is done is not predicted again
        Path(f'videos/{done}.mp4').write_text('no video')
    capsys.readouterr()
    assert run_tool(monkeypatch, 'predict', *arguments(), '--resume') == '3'
    results, expected = (json.loads(Path(name).read_text()) for name in ('results.json', 'whole.json'))
    for part in (results, expected):
        part.pop('videos_per_second')
    assert results == expected
    resumed = capsys.readouterr()
    told = [
        [line for line in said.err.splitlines() if line.startswith(('note on', 'passed over'))]
        for said in (resumed, whole)
    ]
    assert told[0] == told[1] and len(told[0]) == 2
    tables = [said.out.splitlines()[:-1] for said in (resumed, whole)]
    assert tables[0] == tables[1] and len(tables[0]) == 2 + 4
    assert not list(tmp_path.glob('*.journal'))
    assert 'results.json is there already' in run_tool(monkeypatch, 'predict', *arguments(), '--resume')


def nobody_reads(line_by_line):
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 1)
    sys.stdout = os.fdopen(1, 'w', 1 if line_by_line else -1)


@pytest.mark.parametrize('line_by_line', [False, True])
def test_results_are_written_where_nobody_reads_the_table(line_by_line, small, tmp_path):
    write_video(tmp_path / 'a.mp4', moving_frames(12))
    where = dict(config=small[0], checkpoint=small[1], device='cpu', out=tmp_path / 'p.json')
    status, said = command(
        'predict',
        tmp_path / 'a.mp4',
        *(f'--{name}={value}' for name, value in where.items()),
        log=tmp_path / 'log',
        fault=partial(nobody_reads, line_by_line),
    )
    assert status == 0 and 'BrokenPipe' not in said, said
    assert json.loads((tmp_path / 'p.json').read_text())['finished']


def test_a_copy_that_cannot_be_written_ends_the_run(predict, tmp_path):
    """It is no fault of the video, and --resume makes the copy."""
    (tmp_path / 'videos/sub').mkdir(parents=True)
    for name in ('a.mp4', 'sub/b.mp4'):
        write_video(tmp_path / 'videos' / name, moving_frames(12))
    (tmp_path / 'results_videos').mkdir()
    (tmp_path / 'results_videos/sub').write_text('a file')
    given = ('videos', '--save-video', '--workers', 0, '--batch-size', 1)
    assert predict(*given).startswith('error: cannot write results_videos/sub/b.mp4 (')
    assert not (tmp_path / 'results.json').exists()

    (tmp_path / 'results_videos/sub').unlink()
    assert predict(*given, '--resume') is None
    assert (tmp_path / 'results_videos/sub/b.mp4').is_file()
    results = json.loads((tmp_path / 'results.json').read_text())['results']
    assert [entry.keys() for entry in results] == 2 * [{'video', 'predictions'}]


def test_a_copy_replaces_no_video_that_is_predicted(predict, tmp_path):
    (tmp_path / 'gym_videos').mkdir()
    write_video(tmp_path / 'gym_videos/a.mp4', moving_frames(12))
    before = (tmp_path / 'gym_videos/a.mp4').read_bytes()
    for begin in ((), ('--force',), ('--resume',)):
        sentence = predict('gym_videos', '--out', 'gym.json', '--save-video', *begin)
        assert sentence.startswith('error: gym_videos/a.mp4 is one of the videos, and its copy')
    assert (tmp_path / 'gym_videos/a.mp4').read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if 'gym' in path.name] == ['gym_videos']


@pytest.mark.parametrize(
    'args, sentence',
    [
        (['nothing.mp4'], 'no video, folder or list at nothing.mp4'),
        (['empty.mp4'], 'no video could be predicted; empty.mp4: empty file'),
        (['text.mp4'], 'no video could be predicted; text.mp4: '),
        (['good.mp4', '--labels', 'labels.txt'], 'labels.txt names 5 classes, the network has 6'),
        (['good.mp4', '--labels', 'none.txt'], 'no class names at none.txt'),
        (['list.csv'], 'could be predicted; list.csv: '),
        (['list.csv'], '; a list of videos ends in .txt'),
        (['good.mp4', '--out', 'there.json'], 'there.json is there already'),
        (['good.mp4', '--stream', '--out', 'text.mp4'], 'text.mp4 is there already'),
        (['text.mp4', '--stream', '--out', 'new.jsonl'], 'cannot read video from text.mp4'),
        (['empty.mp4', '--stream'], 'cannot read video from empty.mp4 (empty file)'),
        (['good.mp4', '--stream', '--out', 'text.mp4/a.jsonl'], 'cannot write text.mp4/a.jsonl'),
        (['98', '--stream'], 'no camera 98'),
        (['good.mp4', '--device', 'cuda:9'], 'cannot use the device'),
        (['good.mp4', '--checkpoint', 'text.mp4'], 'text.mp4'),
        (['good.mp4', '--config', 'none.py'], 'no config at none.py'),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, list) else '',
)
def test_bad_input(small, monkeypatch, tmp_path, args, sentence):
    """One sentence, and nothing new in the folder."""
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / 'good.mp4', moving_frames(12))
    write_labels(tmp_path / 'labels.txt', count=5)
    (tmp_path / 'text.mp4').write_text('no video')
    (tmp_path / 'list.csv').write_text('good.mp4,0\n')
    (tmp_path / 'there.json').touch()
    (tmp_path / 'empty.mp4').touch()
    before = sorted(tmp_path.iterdir())
    error = run_tool(
        monkeypatch, 'predict', '--config', small[0], '--checkpoint', small[1], '--device', 'cpu', *args
    )
    assert error.startswith('error: ') and sentence in error and '\n' not in error
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / 'text.mp4').read_text() == 'no video'


@pytest.mark.parametrize('options', [[], ['--stream', '--out', 'lines.jsonl']], ids=['files', 'stream'])
def test_weights_that_are_not_finite(small, monkeypatch, tmp_path, options):
    monkeypatch.chdir(tmp_path)
    checkpoint = torch.load(small[1])
    checkpoint['state_dict']['cls_head.fc_cls.bias'][0] = torch.nan
    torch.save(checkpoint, tmp_path / 'nan.pth')
    write_video(tmp_path / 'good.mp4', moving_frames(12))
    network = ('--config', small[0], '--checkpoint', 'nan.pth', '--device', 'cpu')
    said = run_tool(monkeypatch, 'predict', 'good.mp4', *network, *options)
    start = 'error: ' if options else 'error: no video could be predicted; good.mp4: '
    assert said.startswith(f'{start}what the network computes is NaN or infinite') and '\n' not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ['good.mp4', 'nan.pth']


def test_stream_to_a_file(predict, tmp_path, capsys):
    video = write_video(tmp_path / 'long.mkv', moving_frames(60))
    args = (video, '--stream', '--window', 2, '--stride', 1, '--topk', 2, '--out', tmp_path / 'long.jsonl')
    assert predict(*args) is None
    lines = [json.loads(line) for line in (tmp_path / 'long.jsonl').read_text().splitlines()]
    assert [(line['start'], line['end']) for line in lines] == [(0, 2), (1, 3), (2, 4), (3, 5), (4, 5)]
    assert all(len(line['predictions']) == len(line['smoothed']) == 2 for line in lines)
    screen = capsys.readouterr()
    assert 'long.jsonl' in screen.out
    assert 'note on' not in screen.err


@pytest.mark.parametrize(
    'args, sentence',
    [
        (['--window', 2], '--window, --stride, --smoothing, --size and --fps go with --stream'),
        (['--stride', 1], '--window, --stride, --smoothing, --size and --fps go with --stream'),
        (['--smoothing', 1], '--window, --stride, --smoothing, --size and --fps go with --stream'),
        (['--fps', 25], '--window, --stride, --smoothing, --size and --fps go with --stream'),
        (['--stream', '--online', '--stride', 1], '--stride goes without --online'),
        (['--out', 'a.csv'], '--out a.csv: the results are JSON; give a name that ends in .json'),
    ],
    ids=lambda value: ' '.join(map(str, value)) if isinstance(value, list) else '',
)
def test_options_that_would_do_something_else(predict, args, sentence, capsys):
    assert predict('a.mp4', *args) == '2'
    assert sentence in capsys.readouterr().err


def test_online(monkeypatch, tmp_path, predict, capsys):
    options = dict(offsets_per='frame', causal=True, reverse=False, groups=4)
    config, checkpoint = write_recognizer(tmp_path, **options)
    video = write_video(tmp_path / 'long.mkv', moving_frames(60))
    args = (
        video,
        '--config',
        config,
        '--checkpoint',
        checkpoint,
        '--device',
        'cpu',
        '--stream',
        '--online',
    )
    out = tmp_path / 'long.jsonl'
    assert run_tool(monkeypatch, 'predict', *args, '--window', 2, '--every', 3, '--out', out) is None
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line['time'] for line in lines] == [0, 1.5, 3, 4.5], '4 frames in 2 seconds, a line every 3'
    assert all(len(line['predictions']) == len(line['smoothed']) == 5 for line in lines)
    assert predict(video, '--online') == predict(video, '--stream', '--every', 2) == '2'
    usage = capsys.readouterr().err
    assert '--online goes with --stream' in usage and '--every goes with --online' in usage
    assert 'looks at later frames' in predict(video, '--stream', '--online')


def test_a_stream_ends_after_a_whole_line(small):
    """SIGTERM during an endless pipe, and a closed output: two processes, run side by side."""
    command = [sys.executable, str(TOOLS / 'predict.py'), '-', '--stream', '--size', '64x48', '--fps', '12']
    command += [
        '--config',
        str(small[0]),
        '--checkpoint',
        str(small[1]),
        '--device',
        'cpu',
        '--window',
        '0.5',
    ]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    processes = [subprocess.Popen(command, **pipes) for _ in range(2)]
    data = b''.join(frame.tobytes() for frame in moving_frames(120))

    def feed(process):
        try:
            while True:
                process.stdin.write(data)
        except BrokenPipeError:
            pass

    for process in processes:
        threading.Thread(target=feed, args=(process,), daemon=True).start()
    stopped, unread = processes
    for process in processes:
        assert json.loads(process.stdout.readline())['start'] == 0, process.stderr.read().decode()

    unread.stdout.close()
    assert unread.wait(60) == 0
    assert b'Traceback' not in unread.stderr.read()

    stopped.send_signal(signal.SIGTERM)
    rest = stopped.stdout.read().decode()
    assert stopped.wait(60) == 128 + signal.SIGTERM
    assert b'Traceback' not in stopped.stderr.read()
    starts = [json.loads(line)['start'] for line in rest.splitlines()]
    assert rest.endswith('\n') or not rest
    assert starts == [1.0 + second for second in range(len(starts))]
