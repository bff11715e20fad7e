"""Report a wrong entry of a config in one sentence."""

import inspect
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from mmengine.registry import Registry
from torch.utils.data import DataLoader

from mmtin.config import nearest
from mmtin.errors import UserError

_UNKNOWN = re.compile(r"got an unexpected keyword argument '(\w+)'")
_NOT_REGISTERED = re.compile(r'(\S+) is not in the .* registry\.')


@contextmanager
def one_sentence_on_wrong_entries() -> Iterator[None]:
    """Name the entry of a config that is probably misspelt, and what is probably meant.

    Entries of a config become arguments of classes, so a misspelt one ends in a TypeError of Python, deep
    in a traceback. A ``type`` that no package has, and a metric of ``save_best`` that the validation lacks,
    end in a KeyError.

    Raises:
        UserError: in place of that TypeError or KeyError.
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
    except KeyError as error:
        unknown = _NOT_REGISTERED.match(str(error.args[0]))
        registry = _frames(error)[-1].f_locals.get('registry')
        if unknown and isinstance(registry, Registry):
            raise no_such_type(unknown[1], registry) from error
        metrics = _locals(error, '_save_best_checkpoint').get('metrics')
        if metrics is None or error.args[0] in metrics:
            raise
        raise no_such_metric(error.args[0], metrics) from error


def no_such_type(name: str, registry: Registry) -> UserError:
    """The error of a ``type`` that is not in a registry of mmengine, nor in those above it."""
    known: set[str] = set()
    level: Registry | None = registry
    while level is not None:
        known, level = known | level.module_dict.keys(), level.parent
    what = registry.name.replace('_', ' ')
    return UserError(f'type={name!r} names no {what}{nearest(name.rpartition(".")[2], known)}')


def no_such_metric(name: str, metrics: Iterable[str]) -> UserError:
    """The error of a metric in ``save_best`` that is none of those of the validation."""
    known = list(metrics)
    given = ', '.join(known) or 'no metric'
    return UserError(f'save_best={name}, but the validation gives {given}{nearest(name, known)}')


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
    built = None
    for frame in _frames(error):
        if frame.f_code.co_name == 'build_from_cfg':
            built = frame.f_locals.get('obj_cls', built)
        elif frame.f_code.co_name == 'build_dataloader':
            built = DataLoader
    return built


def _locals(error: BaseException, function: str) -> dict[str, Any]:
    """The variables of the last call of a function in the frames of an error, {} if there is none."""
    calls = [frame.f_locals for frame in _frames(error) if frame.f_code.co_name == function]
    return calls[-1] if calls else {}


def _frames(error: BaseException) -> list[FrameType]:
    """The calls that an error came through, that in which it was raised last."""
    return [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
