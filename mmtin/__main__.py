"""``python -m mmtin TOOL ARGS`` runs an installed command of tools/ by its name.

Launchers such as torchrun can start it from any folder: ``torchrun ... -m mmtin train CONFIG``.
"""

import importlib.metadata
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the command that the first argument names, with the other arguments.

    The exit status is 1 if there is no such command.
    """
    source = Path(__file__).parents[1]
    if (source / 'pyproject.toml').is_file():  # a checkout, which need not be installed
        folder = source / 'tools'
    else:
        folder = Path(str(importlib.metadata.distribution('mmtin').locate_file('mmtin/.mim/tools')))
    tools = sorted(path.stem for path in folder.glob('*.py'))
    if len(sys.argv) < 2 or sys.argv[1] not in tools:
        sys.exit(f'usage: python -m mmtin TOOL ARGS, where TOOL is one of {", ".join(tools)}')
    path = str(folder / f'{sys.argv[1]}.py')
    sys.argv = [path, *sys.argv[2:]]
    runpy.run_path(path, run_name='__main__')


if __name__ == '__main__':
    main()
