"""The snapshot of all parsed configs. Accept the present ones with:

    python -m tests.configs.parsed

Entries are written as Python, which tells tuples from lists. An entry that many configs share is in the
file once.
"""

import ast
import hashlib
import json
from pathlib import Path

from mmengine.config import Config

from tests.configs.experiments import CONFIGS

SNAPSHOT = Path(__file__).with_name('parsed.json')


def parsed(path: Path) -> dict:
    """The entries of a config, plain Python."""
    return Config.fromfile(path).to_dict()


def read() -> dict[str, dict]:
    """The entries of each config of the snapshot, by the name of the config."""
    snapshot = json.loads(SNAPSHOT.read_text())
    values = {digest: ast.literal_eval(text) for digest, text in snapshot['values'].items()}
    return {
        name: {key: values[digest] for key, digest in entries.items()}
        for name, entries in snapshot['configs'].items()
    }


def write() -> None:
    """Write the snapshot of the present configs."""
    values, configs = {}, {}
    for path in sorted(CONFIGS.glob('*.py')):
        texts = {key: repr(_ordered(value)) for key, value in sorted(parsed(path).items())}
        configs[path.stem] = {key: _digest(text) for key, text in texts.items()}
        values |= {_digest(text): text for text in texts.values()}
    # One value and one config per line, so that differences can be read.
    tables = dict(values=dict(sorted(values.items(), key=lambda item: item[1])), configs=configs)
    lines = {
        name: ',\n'.join(f'{json.dumps(key)}: {json.dumps(value)}' for key, value in table.items())
        for name, table in tables.items()
    }
    SNAPSHOT.write_text(
        '{' + ',\n'.join(f'"{name}": {{\n{text}\n}}' for name, text in lines.items()) + '}\n'
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _ordered(value):
    """Sort entries by name, since their order in a config does not matter."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_ordered, value))
    return value


if __name__ == '__main__':
    write()
