#!/usr/bin/env python
"""Check what mmtin needs on this machine, and print the lines that mend what does not fit.

It checks Python, torch, numpy, MMAction2 and its family, the decoders, all other requirements, the compiler
and the backends of the operator. It runs even where `import mmtin` fails, and as `python -m mmtin doctor`.
The exit status is 1 if something needs mending.
"""

import argparse
import sys

try:
    from rich.console import Console
    from rich.table import Table

    from mmtin.doctor import examine
except ModuleNotFoundError as error:
    sys.exit(f'error: the doctor needs {error.name}; mend it with: pip install {error.name}')

MARKS = {True: '[green]fits[/]', False: '[red]does not fit[/]', None: '[yellow]optional[/]'}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    return parser.parse_args()


def main() -> None:
    parse_args()
    console = Console()
    with console.status('Looking'):
        findings = list(examine())
    table = Table('', 'found', '')
    for finding in findings:
        table.add_row(finding.subject, finding.found.replace('[', r'\['), MARKS[finding.fits])
    console.print(table)
    for fits, title in ((False, 'Mend it with:'), (None, 'Faster with:')):
        lines = [finding.remedy for finding in findings if finding.fits is fits and finding.remedy]
        if lines:
            # Not by rich, which would wrap lines that are to be copied.
            print('\n'.join([title, *(f'    {line}' for line in lines)]))
    sys.exit(any(finding.fits is False for finding in findings))


if __name__ == '__main__':
    main()
