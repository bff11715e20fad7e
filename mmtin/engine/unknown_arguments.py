"""Report a misspelt argument in a config in one sentence."""

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.utils.data import DataLoader

from mmtin.config import nearest
from mmtin.errors import UserError

_UNKNOWN = re.compile(r"got an unexpected keyword argument '(\w+)'")


@contextmanager
def one_sentence_on_unknown_arguments() -> Iterator[None]:
    """Name the argument that a class does not take, the class, and the argument that is probably meant.

    Entries of a config become arguments of classes, so a misspelt one ends in a TypeError of Python, deep
    in a traceback.

    Raises:
        UserError: in place of that TypeError.
    """
    try:
        yield
    except TypeError as error:
        match = _UNKNOWN.search(str(error))
        if match is None:
            raise
        kind = _being_built(error)
        if kind is None or match[1] in (known := arguments_of(kind)):
            raise
        raise UserError(f'{kind.__name__} takes no {match[1]}{nearest(match[1], known)}') from error


def arguments_of(kind: Callable) -> set[str]:
    """The names of a class's arguments, and of those that it passes on to its base classes."""
    names = set()
    for each in inspect.getmro(kind) if inspect.isclass(kind) else [kind]:
        function = each.__dict__.get('__init__') if inspect.isclass(each) else each
        if function is None or not callable(function):
            continue
        parameters = inspect.signature(function).parameters.values()
        names |= {p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return names - {'self'}


def _being_built(error: BaseException) -> Callable | None:
    """The class that mmengine was building from a config, found in the frames of an error."""
    built, trace = None, error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name == 'build_from_cfg':
            built = frame.f_locals.get('obj_cls', built)
        elif frame.f_code.co_name == 'build_dataloader':
            built = DataLoader
        trace = trace.tb_next
    return built
