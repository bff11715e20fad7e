"""A page with a small network behind it, served from a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from mmtin.tryout.trial import Network, Options
from tests.prediction.small_recognizer import NUM_CLASSES, write_recognizer

NAMES = ['<b>naïve</b> «Straße»', *(f'class {label}' for label in range(1, NUM_CLASSES))]
MAX_SIZE, MAX_LENGTH = 1, 20  # megabytes, seconds


class Page(NamedTuple):
    """Where a page is served, its network, and the folder that it uses."""

    port: int
    network: Network
    folder: Path

    @property
    def address(self) -> str:
        return f'http://127.0.0.1:{self.port}'


@contextmanager
def served(folder: Path, experiment: str) -> Iterator[Page]:
    """Serve a page from a thread of this process."""
    server = pytest.importorskip('mmtin.tryout.server', reason='the page needs starlette and uvicorn')
    (folder / 'labels.txt').write_text(''.join(f'{name}\n' for name in NAMES), encoding='utf-8')
    config, checkpoint = write_recognizer(folder, experiment)
    options = Options(max_length=MAX_LENGTH)
    network = Network(config, checkpoint, folder / 'labels.txt', 'cpu', options)
    (folder / 'videos').mkdir()
    app = server.make_app(network, True, folder / 'videos', MAX_SIZE)
    running = server.uvicorn.Server(server.uvicorn.Config(app, log_level='warning', lifespan='off'))
    with server.listen('127.0.0.1', 0) as listener:
        thread = threading.Thread(target=running.run, kwargs=dict(sockets=[listener]))
        thread.start()
        try:
            yield Page(listener.getsockname()[1], network, folder / 'videos')
        finally:
            running.should_exit = True
            thread.join()
