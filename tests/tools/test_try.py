"""tools/try.py as a person starts and ends it, and one sentence for each fault."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from itertools import cycle, islice

import pytest

from tests.prediction.small_recognizer import moving_frames, write_recognizer, write_video
from tests.tools.in_process import TOOLS, run_tool

SERVER = 'mmtin.tryout.server'


@pytest.fixture(scope='module')
def network(tmp_path_factory):
    config, checkpoint = write_recognizer(tmp_path_factory.mktemp('network'))
    return '--config', config, '--checkpoint', checkpoint


@pytest.fixture
def fails(monkeypatch):
    """The one sentence by which the command fails."""

    def run(*args):
        sentence = run_tool(monkeypatch, 'try', *args)
        assert sentence.startswith('error: ') and '\n' not in sentence
        return sentence

    return run


@contextmanager
def started(*args, folder):
    """The command in a process of its own, which is there no more in the end."""
    command = [sys.executable, '-m', 'mmtin', 'try', *map(str, args)]
    environment = os.environ | dict(TMPDIR=str(folder / 'temporary'), PYTHONPATH=str(TOOLS.parent))
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # A shell that runs the tests in the background lets them ignore Ctrl-C, which a new process inherits.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(command, cwd=folder, env=environment, **pipes)
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def give(address, video):
    """The answer to a video, as it comes."""
    request = urllib.request.Request(f'{address}/videos?name=video', video.read_bytes(), method='PUT')
    return urllib.request.urlopen(request)


def test_from_start_to_end(network, tmp_path):
    pytest.importorskip(SERVER, reason='the page needs starlette and uvicorn')
    video = write_video(tmp_path / 'moving.mp4', moving_frames(12))
    (tmp_path / 'temporary').mkdir()
    with started(*network, '--port', '0', folder=tmp_path) as process:
        text = ''
        while 'Ctrl-C' not in text:
            text += process.stdout.readline() or pytest.fail(text)
        assert 'Only this machine reaches it. Ctrl-C ends it.' in text
        address = text.split('The page: ')[1].split()[0]
        assert address.startswith('http://127.0.0.1:')
        with urllib.request.urlopen(address) as page:
            assert '<h1>Try config</h1>' in page.read().decode()
        with give(address, video) as answer:
            assert len(json.loads(answer.read().splitlines()[-1])['predictions']) == 5
        # In the middle of another, of so many frames that it is not predicted by then.
        long = write_video(tmp_path / 'long.mp4', islice(cycle(moving_frames(12)), 3000))
        with give(address, long) as answer:
            while not json.loads(answer.readline())['done']:
                pass
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
    assert process.returncode == 130
    assert 'Traceback' not in rest
    assert not [path for path in (tmp_path / 'temporary').rglob('*') if path.is_file()]


def test_port_in_use(network, fails):
    pytest.importorskip(SERVER, reason='the page needs starlette and uvicorn')
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        sentence = fails(*network, '--port', port)
    assert sentence.startswith(
        f'error: cannot listen on port {port} of 127.0.0.1 (Address already in use); '
    )
    assert 'name another with --port' in sentence
    assert 'of no.such.host.example (' in fails(*network, '--host', 'no.such.host.example')


@pytest.mark.parametrize('missing', ['uvicorn', 'starlette.applications'])
def test_extra_that_is_not_installed(network, fails, monkeypatch, missing):
    monkeypatch.delitem(sys.modules, SERVER, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    assert 'pip install "mmtin[try]"' in fails(*network)


def test_network_that_does_not_fit(network, fails, tmp_path):
    pytest.importorskip(SERVER, reason='the page needs starlette and uvicorn')
    (tmp_path / 'labels.txt').write_text('one\ntwo\n')
    assert 'labels.txt' in fails(*network, '--port', 0, '--labels', tmp_path / 'labels.txt')
    assert 'no config at' in fails('--config', tmp_path / 'none.py', *network[2:], '--port', 0)


def test_port_that_is_none(network, fails, monkeypatch, capsys):
    assert run_tool(monkeypatch, 'try', *network, '--port', '70000') == '2'
    assert "expected a whole number, 0 to 65535, got '70000'" in capsys.readouterr().err
