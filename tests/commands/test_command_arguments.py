"""What `--cfg-options` takes."""

import argparse
import shlex

import pytest

from mmtin.commands.arguments import Options


def read(*texts: str) -> dict:
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=Options)
    return parser.parse_args(['--cfg-options', *texts]).cfg_options


@pytest.mark.parametrize(
    'text, value',
    [
        ('3', 3),
        ('0.5', 0.5),
        ('True', True),
        ('None', None),
        ('a.py', 'a.py'),
        ('1,2', [1, 2]),
        ('[1, 2]', [1, 2]),
        ('(1, 2)', (1, 2)),
        ('my videos/train.txt', 'my videos/train.txt'),
        ('a=b', 'a=b'),
        (r'\t', '\t'),
        ("'my videos'", 'my videos'),
        ('"my videos"', 'my videos'),
        ("['a','b']", ['a', 'b']),
    ],
)
def test_values(text, value):
    assert read(f'key.inner={text}', 'other=1') == {'key.inner': value, 'other': 1}


@pytest.mark.parametrize('name', ['my videos', 'clips, old', 'clips (2)', '[a] b', 'a,b', 'half (of'])
def test_names_of_files_and_folders_stay_whole(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    (typed,) = shlex.split(f'data={shlex.quote(name)}')
    assert read(typed) == {'data': name}


def test_blank_that_no_quotes_protect_is_told(capsys):
    with pytest.raises(SystemExit) as stop:
        read('data=my', 'videos')
    assert stop.value.code == 2
    assert "takes KEY=VALUE, got 'videos'; quote blanks: 'KEY=a b'" in capsys.readouterr().err


def test_options_may_be_given_in_turns():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=Options)
    args = parser.parse_args(['--cfg-options', 'a=1', '--cfg-options', 'b=2'])
    assert args.cfg_options == {'a': 1, 'b': 2}
