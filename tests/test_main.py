"""``python -m mmtin``: the commands by their names."""

import runpy

import pytest


@pytest.mark.parametrize('arguments', [[], ['nothing']])
def test_what_is_no_command_is_one_sentence(monkeypatch, arguments):
    monkeypatch.setattr('sys.argv', ['mmtin', *arguments])
    with pytest.raises(SystemExit, match=r'^usage: python -m mmtin TOOL ARGS, .* compare, .* train'):
        runpy.run_module('mmtin', run_name='__main__')
