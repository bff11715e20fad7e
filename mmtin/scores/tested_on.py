"""Whether results are of one test: of the same list of clips, by the same protocol."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.config import Config

from mmtin.config import choose_test_protocol, type_name

# Steps of a pipeline that say nothing of what the network sees, and values of those that do.
_PLUMBING = re.compile('Init|Decode|Format|Pack')
_VIEWS = {'twice_sample': 'twice', 'num_sample_positions': 'num_sample_positions={}'}


def tested_on(cfg: Config) -> dict[str, str]:
    """The ``list`` and the ``protocol`` of a test by its config, in words.

    The protocol is what the test pipeline samples, resizes, crops and turns; the number of frames belongs
    to the network.
    """
    choose_test_protocol(cfg)
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    clips = str(dataset.get('ann_file') or '-')
    if dataset.get('indices') is not None:
        clips += f', indices={dataset.indices}'
    steps = [step for step in dataset.get('pipeline') or () if not _PLUMBING.search(type_name(step))]
    return {'list': clips, 'protocol': ', '.join(map(_words, steps)) or '-'}


def differences(tests: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    """A line that says in what tests differ, and which of them; empty if they are alike.

    Args:
        tests: name, and what :func:`tested_on` says, of each. Lists with the same lines are the same one.
    """
    parts = []
    for what in ('list', 'protocol'):
        names: dict[str, list[str]] = {}
        for name, test in tests:
            known = next((value for value in names if _same(value, test[what])), test[what])
            names.setdefault(known, []).append(name)
        if len(names) > 1:
            values = '; '.join(f'{value} ({", ".join(those)})' for value, those in names.items())
            parts.append(f'by {what}: {values}')
    return f'Not the same test, {", and ".join(parts)}.' if parts else ''


def _words(step: Mapping) -> str:
    views = [text.format(step[name]) for name, text in _VIEWS.items() if step.get(name)]
    return ' '.join([type_name(step), *views])


def _same(one: str, other: str) -> bool:
    files = Path(one), Path(other)
    return one == other or (
        all(path.is_file() for path in files) and files[0].read_bytes() == files[1].read_bytes()
    )
