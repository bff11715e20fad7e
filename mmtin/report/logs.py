"""Read mmengine's logs in a work directory: scalars of the training, and its environment."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmtin.errors import UserError
from mmtin.scores.results import NO_METRICS

# Curves ``[P, 2]`` of iteration and value, by the name of the scalar.
Curves = dict[str, np.ndarray]

_MAX_POINTS = 400  # per curve; more cannot be seen
_NO_CURVES = {'epoch', 'iter', 'step', 'memory', 'base_lr', *NO_METRICS}
_RULE = re.compile(r'^-{20,}$', re.MULTILINE)
_ENTRY = re.compile(r'^ {4}(\S[^:\n]*): (.+)$', re.MULTILINE)


def read_curves(work_dir: Path) -> Curves:
    """The scalars of a training over its iterations, empty if there are none.

    A training that was resumed has several logs; where they overlap, the later one counts.

    Raises:
        UserError: if a log is cut off.
    """
    points: dict[str, dict[float, float]] = {}
    last_iteration: dict[int, int] = {}  # by epoch, since a resumed training may begin with a validation
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        rows = list(_read_rows(path))
        starts = [row['step'] for row in rows if 'iter' in row]
        for curve in points.values():
            for iteration in [i for i in curve if starts and i >= min(starts)]:
                del curve[iteration]
        last_iteration.update({row['epoch']: row['iter'] for row in rows if 'epoch' in row})
        for row in rows:
            # After a validation mmengine logs the epoch instead of the iteration.
            training = 'iter' in row or any(name.startswith('interlacing/') for name in row)
            iteration = row['step'] if training else last_iteration.get(row['step'], row['step'])
            for name, value in row.items():
                if name not in _NO_CURVES and isinstance(value, int | float):
                    points.setdefault(name, {})[iteration] = value
    return {name: _thin(np.array(sorted(curve.items()))) for name, curve in points.items() if curve}


def _read_rows(path: Path) -> Iterator[dict]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            row['step']
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f'{path}, line {number} is cut off or damaged: the run was stopped while it wrote; '
                'take the line out'
            ) from error
        yield row


def _thin(points: np.ndarray) -> np.ndarray:
    """Keep every k-th point, counted from the last one."""
    stride = -(-len(points) // _MAX_POINTS)
    return points[::-1][::stride][::-1]


def read_environment(work_dir: Path) -> dict[str, str]:
    """Versions and machine from the newest log, empty if it has none.

    Raises:
        UserError: if the log is cut off there.
    """
    files = sorted(work_dir.glob('*/*.log'))
    if not files:
        return {}
    _, found, text = files[-1].read_text().partition('System environment:')
    end = _RULE.search(text)
    if not found:
        return {}
    if not end:
        raise UserError(
            f'{files[-1]} is cut off before the end of its first entry; remove it, or run again'
        )
    return dict(_ENTRY.findall(text[: end.start()]))
