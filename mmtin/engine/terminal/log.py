"""Choose the lines of mmengine's log that the terminal shows."""

import logging
import re
import sys
from types import FrameType

from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmtin.commands.terminal import terminal_handlers

_UPSTREAM = ('mmengine', 'mmaction', 'mmcv', 'mmdet')

# The lines of these packages that concern a user. On a terminal a bar replaces the lines per iteration.
_WANTED = re.compile(
    r'The best checkpoint with|Results has been saved|resumed epoch|Load checkpoint from|'
    r'(Epoch|Iter)\((train|val|test)\)'
)
_BY_ITERATION = re.compile(r'(Epoch|Iter)\(')

# Warnings that a user cannot act on, and lines that every validation repeats.
_NOISE = re.compile(
    '"FileClient" will be deprecated|"HardDiskBackend" is the alias|The prefix is not set in metric class|'
    'is skipped since its requires_grad=False|has no metainfo. ``dataset_meta``|Offsets and weights of'
)


def briefly(kind: type[Runner]) -> type[Runner]:
    """A class of Runners that prints only what concerns the user; its log file is unchanged."""

    def log_env(self, *args) -> None:
        # A Runner logs this first, before its hooks are called.
        shorten(self.logger)
        kind._log_env(self, *args)

    return type(kind.__name__, (kind,), dict(_log_env=log_env, __module__=kind.__module__))


def shorten(logger: MMLogger) -> None:
    """Keep the environment, the config, the table of hooks and the like off the terminal."""
    for handler in terminal_handlers(logger):
        handler.addFilter(_concerns_the_user)


def on_a_terminal() -> bool:
    """Whether output goes to a terminal."""
    # While a bar is drawn, rich stands in between. Older ones, such as 13.4, say that it is no terminal.
    return getattr(sys.stdout, 'rich_proxied_file', sys.stdout).isatty()


def _concerns_the_user(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    if _NOISE.search(text):
        return False
    if record.levelno > logging.INFO:
        return True
    if _WANTED.match(text):
        return not (on_a_terminal() and _BY_ITERATION.match(text))
    return _origin(sys._getframe()) not in _UPSTREAM


def _origin(frame: FrameType | None) -> str:
    """The package that a log record comes from; most records have the path of ``print_log`` instead."""
    passed = ('logging', 'mmengine.logging.logger', __name__)
    while frame is not None and frame.f_globals.get('__name__') in passed:
        frame = frame.f_back
    return frame.f_globals.get('__name__', '').partition('.')[0] if frame else ''
