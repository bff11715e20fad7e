"""Print constraints by which pip installs the oldest, or newest, versions that pyproject.toml allows."""

import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import Specifier

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def oldest(specifier: Specifier) -> str:
    """``>=3.6`` and ``==2.1.0`` as ``==``; an upper bound says nothing about the oldest."""
    if specifier.operator in ('>=', '=='):
        return f'=={specifier.version}'
    return ''


def constraints(end: str) -> Iterator[str]:
    """A line for each requirement; ``end`` is 'oldest' or 'newest'."""
    project = tomllib.loads(Path('pyproject.toml').read_text())['project']
    groups = [project['dependencies'], *project['optional-dependencies'].values()]
    for requirement in (Requirement(line) for group in groups for line in group):
        if requirement.name == 'mmtin':
            continue
        bounds = map(oldest if end == 'oldest' else str, requirement.specifier)
        yield requirement.name + ','.join(filter(None, bounds))


if __name__ == '__main__':
    print('\n'.join(constraints(sys.argv[1])))
