"""Write a page per command of tools/ into docs/commands, from its --help: python docs/write_commands.py"""

import argparse
import os
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ROOT / 'docs/commands'
# Those that mim runs by another name than their file's.
CALLED = {'train': 'mim train mmtin', 'test': 'mim test mmtin'}


class _ParserReached(Exception):  # noqa: N818
    """Carries the parser of a command out of it, before it does anything."""


def parser_of(tool: Path) -> argparse.ArgumentParser:
    """The argument parser of a command, by running the command until it parses."""

    def reached(parser: argparse.ArgumentParser, *_: object) -> None:
        raise _ParserReached(parser)

    parse_args, argv = argparse.ArgumentParser.parse_args, sys.argv
    argparse.ArgumentParser.parse_args = reached  # type: ignore[method-assign, assignment]
    sys.argv = [CALLED.get(tool.stem, f'tools/{tool.name}')]
    try:
        runpy.run_path(str(tool), run_name='__main__')
    except _ParserReached as reason:
        return reason.args[0]
    finally:
        argparse.ArgumentParser.parse_args, sys.argv = parse_args, argv  # type: ignore[method-assign]
    raise RuntimeError(f'{tool} has no argparse parser')


def with_subcommands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and those of its subcommands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def page(tool: Path) -> str:
    """The page of one command, Markdown."""
    os.environ['COLUMNS'] = '100'  # the width of argparse's help, wherever this runs
    name = CALLED.get(tool.stem, f'tools/{tool.name}')
    parsers = with_subcommands(parser_of(tool))
    helps = [f'```text\n{parser.format_help().rstrip()}\n```\n' for parser in parsers]
    return '\n'.join([f'# {name}\n', *helps])


def main() -> None:
    """Write every page and remove those of commands that went."""
    pages = {PAGES / f'{tool.stem}.md': page(tool) for tool in sorted((ROOT / 'tools').glob('*.py'))}
    PAGES.mkdir(exist_ok=True)
    for old in PAGES.glob('*.md'):
        if old not in pages:
            old.unlink()
    for path, text in pages.items():
        path.write_text(text)
    print(f'Pages of the commands: {PAGES}')


if __name__ == '__main__':
    main()
