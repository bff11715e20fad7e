"""Commands give on a cluster what they give by themselves, whatever dies, and say what is missing."""

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmtin.cluster import spreading
from mmtin.cluster.spreading import spread
from mmtin.errors import UserError
from mmtin.files.journal import Journal
from tests.cluster.kinds_of_work import Square
from tests.cluster.nodes import SETTINGS, two_nodes
from tests.datasets.owner_files import write_lines
from tests.prediction.small_recognizer import moving_frames, write_recognizer, write_video
from tests.tools.in_process import run_tool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def videos(tmp_path, monkeypatch):
    """Eleven and a file that is none, a folder of frames, and a recognizer, in the current folder."""
    monkeypatch.chdir(tmp_path)
    write_recognizer(tmp_path)
    Path('videos').mkdir()
    for index in range(12):
        write_video(tmp_path / f'videos/{index:02}.mp4', moving_frames(12, seed=index))
    Path('frames/a').mkdir(parents=True)
    for number, frame in enumerate(moving_frames(3), 1):
        cv2.imwrite(f'frames/a/{number:05}.jpg', frame)
    write_lines(tmp_path / 'frames.txt', 'a 3 0', 'absent 3 0')
    Path('videos/05.mp4').write_text('no video')
    write_lines(tmp_path / 'list.txt', *(f'{index:02}.mp4 0' for index in range(13)))


def results(name):
    content = json.loads(Path(name).read_text())
    content.pop('videos_per_second', None)
    return content


def content(folder):
    files = (path for path in Path(folder).rglob('*.*') if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_two_nodes_one_of_them_killed(videos, monkeypatch, tmp_path, capsys):
    pytest.importorskip('ray', reason='no Ray here')
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    network = ('--config', 'config.py', '--checkpoint', 'tin.pth', '--batch-size', 1)
    here = (*network, '--device', 'cpu', '--workers', 0)
    features = ('extract_features', 'videos', '--window', 1)
    check = ('check_videos', 'list.txt', '--media', 'videos')
    assert run_tool(monkeypatch, 'predict', 'videos', *here, '--out', 'plain.json') == '3'
    assert run_tool(monkeypatch, *features, *here, '--out', 'plain') == '3'
    assert run_tool(monkeypatch, *check, '--bad', 'plain.txt') == '1'
    flow = ('extract_flow', 'frames.txt', '--media', 'frames', '--method', 'dis')
    assert run_tool(monkeypatch, *flow, '--out', 'plain_flow') == '1'

    with two_nodes() as (address, second):
        assert run_tool(monkeypatch, *check, '--ray', address) == '1'
        assert Path('list.bad.txt').read_text() == Path('plain.txt').read_text()
        assert Path('plain.txt').read_text().count('\n') == 2

        assert run_tool(monkeypatch, *features, *network, '--out', 'spread', '--ray', address) == '3'
        assert results('spread/index.json') == results('plain/index.json')
        for path in Path('plain').glob('*.npy'):
            np.testing.assert_allclose(
                np.load(Path('spread', path.name)), np.load(path), rtol=1e-4, atol=1e-5
            )

        assert run_tool(monkeypatch, *flow, '--out', 'flow', '--ray', address) == '1'
        assert content('flow') == content('plain_flow')
        assert set(content('flow')) > {'bad.txt', 'a/flow_x_00003.jpg'}

        add = Journal.add

        def add_and_kill(journal, index, entry):
            add(journal, index, entry)
            if len(journal) == 1:
                second.kill()

        monkeypatch.setattr(Journal, 'add', add_and_kill)
        capsys.readouterr()
        assert run_tool(monkeypatch, 'predict', 'videos', *network, '--ray', address) == '3'
        assert results('results.json') == results('plain.json')
        assert 'passed over 05.mp4: ' in capsys.readouterr().err

        # A worker that dies costs a retry; one that dies each time ends the run, which does not hang.
        squares = dict(spread(Square(3, tmp_path / 'died'), range(8), address, batch_size=2))
        assert (tmp_path / 'died').exists() and squares == {index: index * index for index in range(8)}
        monkeypatch.setattr(spreading, '_MOST_RESTARTS', 0)
        with pytest.raises(UserError, match=r'a worker died 1 times .*check_videos.*--resume goes on'):
            list(spread(Square(3), range(8), address, batch_size=2))


def unanswered():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return f'127.0.0.1:{free.getsockname()[1]}'


def test_this_machine_as_a_cluster_leaves_no_token(videos, tmp_path):
    """In a process of its own, since Ray asks for the token in all that follows in a process."""
    pytest.importorskip('ray', reason='no Ray here')
    command = [sys.executable, '-m', 'mmtin', 'check_videos', 'list.txt', '--media', 'videos', '--ray']
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get('PYTHONPATH'))))
    environment = {**os.environ, **SETTINGS, 'HOME': str(tmp_path / 'home'), 'PYTHONPATH': path}
    environment.pop('RAY_AUTH_MODE', None)
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 1, result.stderr
    assert '13 clips: 11 good, 2 bad.' in result.stdout
    assert not (tmp_path / 'home/.ray').exists()


def test_no_cluster_at_the_address(videos, monkeypatch):
    pytest.importorskip('ray', reason='no Ray here')
    address = unanswered()
    given = ('list.txt', '--media', 'videos', '--ray', address)
    said = run_tool(monkeypatch, 'check_videos', *given)
    assert said.startswith(
        f'error: no Ray cluster answers at {address} (Connection refused); start one with'
    )
    assert '\n' not in said and not Path('list.bad.txt').exists()


def test_something_else_at_the_address(videos, monkeypatch):
    pytest.importorskip('ray', reason='no Ray here')
    with ThreadingHTTPServer(('127.0.0.1', 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f'127.0.0.1:{server.server_port}'
        said = run_tool(monkeypatch, 'check_videos', 'list.txt', '--media', 'videos', '--ray', address)
        server.shutdown()
    assert said.startswith(f'error: something else than a Ray cluster answers at {address}; start one with')
    assert not Path('list.bad.txt').exists()


def test_without_ray(videos, monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    said = run_tool(monkeypatch, 'check_videos', 'list.txt', '--media', 'videos', '--ray')
    assert said == 'error: --ray needs Ray; pip install "mmtin[ray]" or ray itself, or leave --ray out'
    assert not list(Path().glob('list.*.*'))


@pytest.mark.parametrize('address', ['videos/', 'ray://host:10001', 'host'])
def test_what_is_no_address(monkeypatch, capsys, address):
    assert run_tool(monkeypatch, 'check_videos', 'list.txt', '--media', 'videos', '--ray', address) == '2'
    assert 'expected HOST:PORT, auto for' in capsys.readouterr().err
