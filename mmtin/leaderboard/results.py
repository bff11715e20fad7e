"""Test results that the leaderboard takes: of work directories, of dumps, and those that others sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mmengine.config import Config

from mmtin.config import read_config, stated_num_segments, type_name
from mmtin.errors import UserError
from mmtin.files.strict_json import to_json
from mmtin.scores.dumps import read_dump
from mmtin.scores.ensemble import metrics
from mmtin.scores.results import is_tested, latest_test_result
from mmtin.scores.tested_on import tested_on
from mmtin.work_dirs import config_file

# Of the files that a team exchanges.
FORMAT = 1


@dataclass(frozen=True)
class Result:
    """The result of a test.

    Attributes:
        name: of the experiment.
        metrics: MMAction2's, as fractions.
        cfg: the config, if it comes from a work directory of this machine.
        backbone, frames, data_set: in words, as far as they are known.
        costs: measured by those who sent it: columns of :class:`mmtin.leaderboard.rows.Measured`.
        machine: that these were measured on.
        tested: on what and how, see :func:`mmtin.scores.tested_on.tested_on`; empty if that is not known.
    """

    name: str
    metrics: dict[str, float]
    cfg: Config | None = None
    backbone: str = '-'
    frames: str = '-'
    data_set: str = '-'
    costs: dict[str, float] = field(default_factory=dict)
    machine: str = ''
    tested: dict[str, str] = field(default_factory=dict)


def read_results(text: str) -> list[Result]:
    """The results at ``PATH``, or the one at ``NAME=PATH``.

    A path is a work directory, a folder of work directories, a dump, or a JSON file of
    :func:`write_results`. A result has the name of its directory or file unless ``NAME`` is given.

    Raises:
        UserError: if there is none, or it cannot be read; says why.
    """
    name, _, location = text.rpartition('=')
    path = Path(location)
    if not path.exists():
        raise UserError(
            f'no result at {path}; expected a work directory of `mim test`, a dump, or a JSON file'
        )
    if path.is_dir():
        found = _of_folder(path)
    elif path.suffix == '.json':
        found = _sent(path)
    else:
        found = [_of_dump(path)]
    if name and len(found) > 1:
        raise UserError(
            f'{path} has {len(found)} results, which cannot all be named {name}; leave out {name}='
        )
    return [replace(found[0], name=name)] if name else found


def write_results(results: Sequence[Result], costs: Mapping[str, dict[str, float]], machine: str) -> str:
    """The text of a JSON file with results and what they cost here, for others' leaderboards.

    Args:
        results: read from work directories and dumps, or from such files.
        costs: of each result that was measured, by name.
        machine: that these were measured on.
    """
    lines = []
    for result in results:
        line = {name: getattr(result, name) for name in _SENT}
        if not result.costs and result.name in costs:
            line |= {'costs': costs[result.name], 'machine': machine}
        lines.append(line)
    return to_json({'format': FORMAT, 'results': lines}, indent=1, ensure_ascii=False) + '\n'


_SENT = 'name', 'metrics', 'backbone', 'frames', 'data_set', 'costs', 'machine', 'tested'
_SENT_LATER = {'tested': {}}  # what files of before lack


def _of_folder(path: Path) -> list[Result]:
    tested = [folder for folder in (path, *sorted(path.iterdir())) if folder.is_dir() and is_tested(folder)]
    if path in tested:
        return [_of_work_dir(path)]
    if not tested:
        raise UserError(
            f'no test result in {path} or in a folder of it; test with `mim test mmtin CONFIG --checkpoint '
            f'FILE --work-dir {path}`'
        )
    return [_of_work_dir(folder) for folder in tested]


def _of_work_dir(path: Path) -> Result:
    result, cfg = latest_test_result(path), read_config(config_file(path))
    lists = (cfg.get('test_dataloader') or {}).get('dataset', {}).get('ann_file')
    return Result(
        path.resolve().name,
        result.metrics,
        cfg,
        _backbone(cfg),
        str(stated_num_segments(cfg) or '-'),
        Path(lists).parent.name if lists else '-',
        tested=tested_on(Config.fromfile(result.config)) if result.config else {},
    )


def _of_dump(path: Path) -> Result:
    values = metrics(read_dump(path))
    if not values:
        raise UserError(f'{path} is of clips without labels; `submit` writes it in the form of a challenge')
    return Result(path.stem, values)


def _sent(path: Path) -> list[Result]:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise UserError(f'{path} is cut off or no JSON ({error}); ask for it again') from error
    found = content.get('format') if isinstance(content, dict) else None
    if found != FORMAT:
        raise UserError(
            f'{path} has format {found}, this mmtin reads {FORMAT}; write it with `leaderboard --json` of '
            'the same version'
        )
    try:
        return [
            Result(**{name: (_SENT_LATER | line)[name] for name in _SENT}) for line in content['results']
        ]
    except (KeyError, TypeError) as error:
        raise UserError(
            f'{path} is not as `leaderboard --json` writes it ({error!r}); ask for it again'
        ) from error


def _backbone(cfg: Config) -> str:
    backbone = cfg.model.get('backbone') or {}
    name = type_name(backbone) if backbone else '-'
    return f'{name} {backbone.depth}' if 'depth' in backbone else name
