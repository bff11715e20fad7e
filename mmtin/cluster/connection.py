"""Join a Ray cluster or start one, or say in one sentence why not."""

import argparse
import logging
import os
import re
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from mmtin.errors import UserError

HERE = 'local'  # the address of a cluster on this machine that starts and ends with the command


def add_ray(parser: argparse.ArgumentParser) -> None:
    """Add ``--ray``, None without it."""
    parser.add_argument(
        '--ray',
        nargs='?',
        const=HERE,
        type=_address,
        metavar='ADDRESS',
        help='spread over the Ray cluster at HOST:PORT, or over the cores and GPUs of this machine',
    )


def _address(text: str) -> str:
    if text not in (HERE, 'auto') and not re.fullmatch(r'[^:/]+:\d+', text):
        raise argparse.ArgumentTypeError(
            f'expected HOST:PORT, auto for the cluster that this machine is in, or nothing, got {text!r}'
        )
    return text


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be in the cluster during the block.

    Raises:
        UserError: if Ray is not installed, or no cluster answers at the address.
    """
    try:
        import ray
    except ImportError as error:
        raise UserError(
            '--ray needs Ray; pip install "mmtin[ray]" or ray itself, or leave --ray out'
        ) from error
    if ':' in address:
        _require_answer(address)
    os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')
    if address == HERE:
        # Ray would keep one in the home folder. From then on a cluster of `ray start` has it, too, and
        # turns away machines and commands that do not say RAY_AUTH_MODE=token.
        os.environ.setdefault('RAY_AUTH_TOKEN', secrets.token_hex(32))
    ends = signal.getsignal(signal.SIGTERM)
    dashboard = False if address == HERE else None
    try:
        ray.init(address, logging_level=logging.ERROR, log_to_driver=False, include_dashboard=dashboard)
    except Exception as error:  # of the network, of other versions, of limits
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f'cannot join the Ray cluster at {address} ({reason}); {_REMEDY}') from error
    signal.signal(signal.SIGTERM, ends)  # Ray's own would not end the command cleanly
    try:
        yield
    finally:
        ray.shutdown()


_REMEDY = (
    'start one with `ray start --head` and give its address, with RAY_AUTH_MODE=token if it has a token, '
    'or give --ray alone for this machine'
)


def _require_answer(address: str) -> None:
    """Ask before Ray does, which waits for minutes for a cluster that is not there."""
    host, port = address.rsplit(':', 1)
    try:
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            if os.environ.get('RAY_USE_TLS', '0') != '0':
                return
            connection.sendall(_HELLO)
            answers = connection.recv(9)[3:4] == _SETTINGS
    except (OSError, OverflowError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise UserError(f'no Ray cluster answers at {address} ({reason}); {_REMEDY}') from error
    if not answers:
        raise UserError(f'something else than a Ray cluster answers at {address}; {_REMEDY}')


# What a client and a server of gRPC, thus of HTTP/2, say first: the preface and empty settings.
_SETTINGS = b'\x04'
_HELLO = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + bytes(3) + _SETTINGS + bytes(5)
