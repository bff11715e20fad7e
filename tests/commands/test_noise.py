"""Commands show no upstream warnings and tracebacks that a user cannot act on."""

import multiprocessing
import os
import socket
import subprocess
import sys
import warnings
from multiprocessing.connection import Connection
from multiprocessing.reduction import DupFd

from mmengine.config import Config

from mmtin.commands.arguments import one_sentence_errors
from tests.tools.in_process import TOOLS

STOCK = 'mmaction::recognition/tsn/tsn_imagenet-pretrained-r50_8xb32-1x1x3-100e_kinetics400-rgb.py'

# In one process, which first imports what the commands import before mmtin.
EVERY_HELP = """
import ast, pathlib, runpy, sys
tools = sorted(pathlib.Path(sys.argv[1]).glob('*.py'))
for tool in tools:
    for node in ast.parse(tool.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if 'mmtin' in ast.unparse(node):
                break
            exec(compile(ast.Module([node], []), str(tool), 'exec'))
assert 'mmengine' in sys.modules and 'mmtin' not in sys.modules
for tool in tools:
    sys.argv = [str(tool), '--help']
    try:
        runpy.run_path(str(tool), run_name='__main__')
    except SystemExit as exit:
        assert not exit.code, tool
"""


def test_no_command_begins_with_a_warning():
    result = subprocess.run([sys.executable, '-c', EVERY_HELP, TOOLS], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    assert result.stdout.count('usage: ') == len(list(TOOLS.glob('*.py')))


def test_config_that_extends_one_of_mmaction2_warns_of_nothing_in_a_command(tmp_path):
    (tmp_path / 'mine.py').write_text(f'_base_ = {STOCK!r}\n')
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        with one_sentence_errors():
            Config.fromfile(tmp_path / 'mine.py')  # imports pkg_resources, which newer setuptools warn of
            warnings.warn('pkg_resources is deprecated as an API', stacklevel=1)
        assert not seen
        with one_sentence_errors():
            warnings.warn('something of the user', stacklevel=1)
        assert len(seen) == 1


def test_a_batch_that_nobody_fetches_leaves_no_traceback(capfd):
    """Ctrl-C stops a training that is fetching one; its loader's process hands it out in a thread."""
    fork = multiprocessing.get_context('fork')
    here, there = fork.Pipe()
    with one_sentence_errors():
        loader = fork.Process(target=hand_out_a_file, args=(there,), daemon=True)
        loader.start()
        there.close()
        batch = here.recv()
        address, _ = batch._id
        with socket.socket(socket.AF_UNIX) as dropped:
            dropped.connect(address)
        os.close(batch.detach())  # which is served last
        here.send('end')
        loader.join()
    assert loader.exitcode == 0
    assert not capfd.readouterr().err


def hand_out_a_file(pipe: Connection) -> None:
    pipe.send(DupFd(0))
    pipe.recv()
