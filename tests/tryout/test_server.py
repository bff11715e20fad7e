"""What the page asks for, by requests: trials, faults, and many at once."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from mmtin.errors import UserError
from mmtin.prediction import Video, predict_videos, predict_windows, top_classes
from mmtin.prediction.frames import open_file
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.windows import cut_windows, sliding_spans
from tests.prediction.small_recognizer import copy_packets, moving_frames, write_video
from tests.tryout.served_page import MAX_SIZE, NAMES

server = pytest.importorskip('mmtin.tryout.server', reason='the page needs starlette and uvicorn')

LAYERS = [f'layer{stage}.{block}' for stage in range(1, 4) for block in range(2)]


def ask(page, method, path, body=None, headers=()):
    """Status and text of an answer."""
    connection = HTTPConnection('127.0.0.1', page.port)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def uploads(page):
    """The videos that are still there; previews end in .mp4."""
    return [path for path in page.folder.iterdir() if not path.suffix]


def give(page, path, query='', **options):
    """The last line of the answer to a video."""
    _, text = ask(page, 'PUT', f'/videos?name={path.name}{query}', path.read_bytes(), **options)
    return json.loads(text.splitlines()[-1])


def test_trial_of_a_video(page, videos):
    status, text = ask(page, 'PUT', '/videos?name=moving.mp4', (videos / 'moving.mp4').read_bytes())
    *steps, result = map(json.loads, text.splitlines())
    assert status == 200
    assert [set(step) for step in steps] == [{'done'}] * len(steps)
    assert [found['name'] in NAMES for found in result['predictions']] == [True] * 5
    assert result['note'] is None and not result['preview'] and result['lost'] is None
    assert result['course']['end'] == 4 and 0 < result['course']['left'] < result['course']['right'] < 1
    assert result['layer'] in LAYERS
    for name in ('offsets', 'weights'):
        assert all(layer in result[name] for layer in LAYERS)
    for layer in ('layer1.0', 'layer3.1'):
        status, text = ask(page, 'GET', f'/videos/{result["key"]}/layers/{layer}')
        svg = json.loads(text)['svg']
        assert status == 200 and f'>{layer}</text>' in svg and '<image' in svg
    status, text = ask(page, 'GET', f'/videos/{result["key"]}/layers/layer9')
    assert status == 404 and json.loads(text)['error'] == f'no layer layer9; there are {", ".join(LAYERS)}'
    assert not uploads(page)


def test_the_network_predicts_what_the_command_predicts(page, videos):
    """The course has the windows of ``predict.py --stream``, and the whole video its result."""
    path, network = videos / 'moving.mp4', page.network
    trial = network.try_video(path, 'moving.mp4')
    ((_, whole),) = predict_videos(network._model, [Video('', path)])
    for found, wanted in zip(trial.predictions, top_classes(whole.scores, NAMES), strict=True):
        assert found == wanted | dict(score=pytest.approx(wanted['score'], rel=1e-3, abs=1e-5))
    with open_file(path) as source:
        spans = sliding_spans(2, 1, source.fps)
        windows = cut_windows(source.frames, source.fps, spans, TestPipeline(network._model.cfg))
        lines = list(predict_windows(network._model, windows, source.fps, NAMES, len(NAMES)))
    assert trial.course.names == [found['name'] for found in trial.predictions]
    assert trial.course.spans.tolist() == [[line['start'], line['end']] for line in lines]
    assert len(lines) == 4
    for scores, line in zip(trial.course.scores, lines):
        by_name = {found['name']: found['score'] for found in line['predictions']}
        wanted = [by_name[name] for name in trial.course.names]
        assert scores.tolist() == pytest.approx(wanted, rel=1e-3, abs=1e-5)
    assert list(trial.clips) == [layer.name for layer in trial.record.layers] == LAYERS
    assert trial.record.num_clips == 1


def test_length_is_that_of_what_is_shown(page, tmp_path):
    """An MP4 may hide frames that others are predicted from."""
    whole = write_video(tmp_path / 'whole.mp4', moving_frames(23), fps=1, g='23', bf='0')
    hiding = copy_packets(whole, tmp_path / 'hiding.mp4', shift=lambda place: -19)
    with pytest.raises(UserError, match='is longer than 20 seconds'):
        page.network.try_video(whole, 'whole.mp4')
    assert page.network.try_video(hiding, 'hiding.mp4').course.spans[-1].tolist() == [3, 4]


@pytest.mark.parametrize(
    ('name', 'sentence'),
    [
        ('text.mp4', 'text.mp4 cannot be read (Invalid data found when processing input); give a video'),
        ('cut.mp4', 'cut.mp4 cannot be read ('),
        ('empty.mp4', 'empty.mp4 cannot be read (empty file)'),
        ('long.mp4', 'long.mp4 is longer than 20 seconds; cut it, or start the page with a larger --max-'),
        ('huge.mp4', 'huge.mp4 has more than 1 MB; cut it, or start the page with a larger --max-size'),
    ],
)
def test_fault_is_one_sentence(page, videos, name, sentence):
    answer = give(page, videos / name)
    assert set(answer) == {'error'}
    assert answer['error'].startswith(sentence) and '\n' not in answer['error']
    assert not uploads(page)


def test_size_that_was_not_said(page):
    """Chunks, of which nobody knows how many come."""
    part = bytes(100_000)
    chunks = (part for _ in range(10 * MAX_SIZE + 1))
    status, text = ask(page, 'PUT', '/videos?name=stream.mp4', chunks)
    assert status == 413 and 'stream.mp4 has more than 1 MB' in json.loads(text)['error']


def test_error_of_the_network_is_told_and_ends_nothing(page, videos, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError('out of memory\nand more')

    with monkeypatch.context() as patch:
        patch.setattr(page.network, 'try_video', fail)
        error = give(page, videos / 'moving.mp4')['error']
    assert error == 'moving.mp4 could not be tried (out of memory); the terminal has more'
    assert 'RuntimeError: out of memory' in capsys.readouterr().err
    assert give(page, videos / 'text.mp4')['error'].startswith('text.mp4 cannot be read')


def test_ten_at_once(page, videos):
    """Each has its own result, and the faulty ones take nothing from the others."""
    names = ['moving.mp4', 'text.mp4', 'short.mp4', 'huge.mp4', 'old.avi', 'empty.mp4', 'long.mp4']
    names += ['cut.mp4', 'text.mp4', 'long.mp4']
    with ThreadPoolExecutor(10) as clients:
        answers = list(clients.map(lambda name: give(page, videos / name), names))
    good = [name for name, answer in zip(names, answers) if 'predictions' in answer]
    assert good == ['moving.mp4', 'short.mp4', 'old.avi']
    assert all(name in answer['error'] for name, answer in zip(names, answers) if name not in good)
    notes = [answer['note'] for answer in answers if 'note' in answer]
    assert notes == [None, '3 frames for clips of 4: some are repeated', None]
    assert len({answer['key'] for answer in answers if 'key' in answer}) == 3


def test_who_leaves_makes_nobody_wait(page, videos, monkeypatch):
    try_video = page.network.try_video
    ends = []

    def held(path, name, progress):
        """The first video is predicted until nobody waits for it any more."""
        if name != 'first.mp4':
            return try_video(path, name, progress)
        try:
            while True:
                progress(0.5)
                time.sleep(0.01)
        except server.ClientDisconnect:
            ends.append(name)
            raise

    monkeypatch.setattr(page.network, 'try_video', held)
    body = (videos / 'short.mp4').read_bytes()
    first = HTTPConnection('127.0.0.1', page.port)
    first.request('PUT', '/videos?name=first.mp4', body)
    answer = first.getresponse()
    while json.loads(answer.readline())['done'] != 0.5:
        pass
    answer.close()
    first.close()
    assert give(page, videos / 'text.mp4')['error'].startswith('text.mp4 cannot be read')
    assert ends == ['first.mp4']
    assert not uploads(page)


def test_preview_of_what_browsers_do_not_play(page, videos, monkeypatch):
    result = give(page, videos / 'old.avi', '&preview=1')
    assert result['preview'] and result['lost'] is None
    address = f'/videos/{result["key"]}/preview.mp4'
    connection = HTTPConnection('127.0.0.1', page.port)
    connection.request('GET', address, headers={'Range': 'bytes=4-7'})
    response = connection.getresponse()
    assert (response.status, response.read()) == (206, b'ftyp')
    connection.close()

    def fail(*_):
        raise ValueError('no encoder')

    monkeypatch.setattr(server, 'write_annotated_video', fail)
    monkeypatch.setattr(server, '_KEPT', 1)
    lost = give(page, videos / 'old.avi', '&preview=1')
    assert not lost['preview'] and lost['lost'] == 'no encoder' and lost['predictions']
    assert ask(page, 'GET', f'/videos/{lost["key"]}/preview.mp4')[0] == 404
    # The one before is not kept any more.
    status, text = ask(page, 'GET', address)
    assert status == 404 and 'give this one again' in json.loads(text)['error']
    assert not list(page.folder.iterdir())


def test_page_asks_nothing_from_elsewhere(page):
    status, html = ask(page, 'GET', '/')
    assert status == 200 and 'only this machine reaches it' in html
    for address in re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)|@import (\S+)', html):
        assert ''.join(address).startswith('data:'), address
    assert re.search("Content-Security-Policy\" content=\"default-src 'none'; connect-src 'self';", html)
    assert 'https:' not in html and 'http:' not in html.replace('http://www.w3.org', '')


def test_names_of_other_sites_are_refused(page):
    """A site may give its name this machine's address, and ask what only this machine may."""
    assert ask(page, 'GET', '/', headers={'Host': f'127.0.0.1.example:{page.port}'})[0] == 400
    for host in ('localhost', '[::1]'):
        assert ask(page, 'GET', '/', headers={'Host': f'{host}:{page.port}'})[0] == 200
