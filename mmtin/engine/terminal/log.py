"""Which lines of mmengine's log stand on the terminal."""

import logging
import re
import sys
from types import FrameType

from mmengine.logging import MMLogger
from mmengine.runner import Runner

_UPSTREAM = ('mmengine', 'mmaction', 'mmcv', 'mmdet')

# What these say that a user wants to know. A terminal has a bar in place of the lines by iteration.
_WANTED = re.compile(
    r'The best checkpoint with|Results has been saved|resumed epoch|Load checkpoint from|'
    r'(Epoch|Iter)\((train|val|test)\)'
)
_BY_ITERATION = re.compile(r'(Epoch|Iter)\(')

# Warnings that ask nothing of anybody here, and what every validation says again.
_NOISE = re.compile(
    '"FileClient" will be deprecated|"HardDiskBackend" is the alias|The prefix is not set in metric class|'
    'is skipped since its requires_grad=False|has no metainfo. ``dataset_meta``|Offsets and weights of'
)


def briefly(kind: type[Runner]) -> type[Runner]:
    """A class of Runners that says on the terminal what concerns its user; its log file is as ever."""

    def log_env(self, *args) -> None:
        # The first that a Runner logs, and all of it comes before its hooks are called.
        shorten(self.logger)
        kind._log_env(self, *args)

    return type(kind.__name__, (kind,), dict(_log_env=log_env, __module__=kind.__module__))


def shorten(logger: MMLogger) -> None:
    """Keep the environment, the config, the table of hooks and their like off the terminal."""
    for handler in terminal_handlers(logger):
        handler.addFilter(_concerns_the_user)


def terminal_handlers(logger: MMLogger) -> list[logging.StreamHandler]:
    """The handlers of a log that do not write to a file."""
    return [
        handler
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)
    ]


def on_a_terminal() -> bool:
    """Whether somebody may be looking at what is printed."""
    return sys.stdout.isatty()


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
    """The package that a record comes from, whose own path is that of ``print_log`` for most."""
    passed = ('logging', 'mmengine.logging.logger', __name__)
    while frame is not None and frame.f_globals.get('__name__') in passed:
        frame = frame.f_back
    return frame.f_globals.get('__name__', '').partition('.')[0] if frame else ''
