"""Real nodes of a Ray cluster on this machine, with one CPU each."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from mmtin.cluster.connection import connected
from mmtin.errors import UserError

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds until a node is there, on the busiest machine
SETTINGS = dict(
    RAY_AUTH_MODE='disabled',  # whether or not whoever runs the tests has a token
    RAY_worker_niceness='0',  # or they would give way to the other tests
    RAY_health_check_period_ms='1000',
    RAY_health_check_failure_threshold='3',
)


class Node:
    """What ``ray start`` starts, until it is killed."""

    def __init__(self, *args: str) -> None:
        options = ('--num-cpus=1', '--object-store-memory=80000000', '--disable-usage-stats', '--block')
        command = [sys.executable, '-m', 'ray.scripts.scripts', 'start', *args, *options]
        env = dict(os.environ, PYTHONPATH=str(ROOT), **SETTINGS)
        self.process = psutil.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """SIGKILL to all its processes, as when the machine is gone."""
        processes = [self.process, *self.process.children(recursive=True)]
        for process in processes:
            process.suspend()  # none starts another or cleans up
        for process in processes:
            process.kill()
        psutil.wait_procs(processes)


@contextmanager
def two_nodes() -> Iterator[tuple[str, Node]]:
    """The address of a cluster of two nodes, and the one of them that may be killed."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    address = f'127.0.0.1:{port}'
    # The path of a socket has at most 108 letters.
    with tempfile.TemporaryDirectory(prefix='ray', ignore_cleanup_errors=True) as folder:
        head = ('--head', f'--port={port}', '--include-dashboard=false', f'--temp-dir={folder}')
        nodes = [Node(*head, '--node-ip-address=127.0.0.1')]
        try:
            _wait_for_nodes(address, 1)
            nodes.append(Node(f'--address={address}', '--node-ip-address=127.0.0.1'))
            _wait_for_nodes(address, 2)
            yield address, nodes[1]
        finally:
            for node in nodes:
                if node.process.is_running():
                    node.kill()


def _wait_for_nodes(address: str, count: int) -> None:
    import ray

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(UserError), connected(address):
            while sum(node['Alive'] for node in ray.nodes()) < count:
                time.sleep(0.1)
            return
        time.sleep(0.1)
    raise TimeoutError(f'no {count} nodes at {address} within {PATIENCE} seconds')
