"""Every command in a shell line of a page is there and takes the options that the line gives it."""

import re
import runpy
import shlex
from argparse import Namespace
from functools import cache
from pathlib import Path

import click
import mmaction
import pytest
from mim.cli import cli as mim
from mmengine.config import Config

from mmtin.config import refuse_late_options
from tests.configs.experiments import CONFIGS
from tests.docs.code_blocks import PAGES, ROOT, blocks

TOOLS = ROOT / 'tools'
OF_MMACTION2 = Path(mmaction.__file__).parent / '.mim/configs'
# What is no command of ours begins so.
OTHERS = {
    '.ci/versions',
    '.venv/bin/pip',
    '.venv/bin/python -m pip',
    'apt-get',
    'export ',
    'ffmpeg',
    'pip',
    'python -m venv',
    'python host.py',
    'source .venv/bin/activate',
    'tools/demo.sh',
    'tools/setup.sh',
    'tools/test.sh',
}
parser_of = cache(runpy.run_path(str(ROOT / 'docs/write_commands.py'))['parser_of'])


def commands(page: Path) -> list[str]:
    """The commands of a page's shell lines, one a text, with no comment, assignment or pipe."""
    found = []
    for block in blocks(page, 'bash'):
        for line in block.replace('\\\n', ' ').splitlines():
            line = re.sub(r'(^|\s)#.*', '', line).strip()
            for part in re.split(r' \| | && ', line):
                if part and not re.match(r'[A-Z]+=|\.\.\. ', part):
                    found.append(part)
    prose = re.sub('```.*?```', '', page.read_text(), flags=re.DOTALL)
    return found + re.findall(r'`(mim [a-z]+ mmtin [^`]* --[^`]+)`', prose)


def parse(command: str) -> Namespace | None:
    """What a command of ours makes of its arguments; None for one of others.

    Raises:
        SystemExit, click.UsageError: if it does not take them.
    """
    words = [word for word in shlex.split(command) if word != '...']
    if re.match(r'torchrun|srun', command):
        words = words[words.index('-m') - 1 :]
        words[0] = 'python'
    if words[:3] == ['python', '-m', 'mmtin']:
        return parser_of(TOOLS / f'{words[3]}.py').parse_args(words[4:])
    if re.fullmatch(r'tools/\w+\.py', words[0]):
        return parser_of(ROOT / words[0]).parse_args(words[1:])
    if words[0] != 'mim':
        assert any(command.startswith(other) for other in OTHERS), command
        return None
    # As mim does: what it does not know goes to the command.
    given = mim.get_command(None, words[1]).make_context('mim', words[2:]).params
    rest = list(given.get('other_args', ()))
    if words[1] == 'run':
        return parser_of(TOOLS / f'{given["command"]}.py').parse_args(rest)
    if words[1] in ('train', 'test'):
        checkpoint = [given['checkpoint']] if words[1] == 'test' else []
        return parser_of(TOOLS / f'{words[1]}.py').parse_args([given['config'], *checkpoint, *rest])
    return None


@pytest.mark.parametrize(
    'page', [page for page in PAGES if commands(page)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_commands_take_what_a_page_gives_them(page, capsys):
    for command in commands(page):
        try:
            args = parse(command)
        except (SystemExit, click.ClickException, FileNotFoundError) as error:
            pytest.fail(f'{command}\n{getattr(error, "message", error)}\n{capsys.readouterr().err}')
        name = Path(str(getattr(args, 'config', None) or 'CONFIG')).name
        if re.match(r'(tin|tsn|tsm)_', name):
            assert (CONFIGS / name).is_file() or list(OF_MMACTION2.rglob(name)), command
        options = getattr(args, 'cfg_options', None) or ()
        config = CONFIGS / name
        refuse_late_options(_config(config if config.is_file() else CONFIGS / 'tin_r50_sthv1.py'), options)


@cache
def _config(path: Path) -> Config:
    return Config.fromfile(path)


@pytest.mark.parametrize(
    'command',
    [
        'mim run mmtin predict clip.mp4 --confg tin.py',
        'mim run mmtin predicts clip.mp4',
        'mim test mmtin tin_r50_sthv1.py --dumb scores.pkl',
        'tools/check_videos.py train.txt --media',
    ],
)
def test_what_a_command_does_not_take_is_found(command):
    with pytest.raises((SystemExit, FileNotFoundError)):
        parse(command)


def test_a_tab_can_be_written_in_a_shell():
    (command,) = (line for line in commands(ROOT / 'docs/finetune.md') if 'delimiter' in line)
    assert parse(command).cfg_options['train_dataloader.dataset.delimiter'] == '\t'
