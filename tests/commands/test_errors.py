"""What goes wrong in a command is one sentence on the terminal, and status 1."""

import errno
import os
import signal

import pytest

from mmtin.commands.arguments import one_sentence_errors
from mmtin.commands.terminal import clean_stops
from mmtin.errors import UserError


def test_user_error():
    with pytest.raises(SystemExit, match=r'^error: no clip; name one$'), one_sentence_errors():
        raise UserError('no clip; name one')


def test_user_error_of_a_data_loader_comes_after_its_traceback():
    text = (
        'Caught UserError in DataLoader worker process 0.\nTraceback ...\nmmtin.errors.UserError: no clip'
    )
    with pytest.raises(SystemExit, match=r'^error: no clip$'), one_sentence_errors():
        raise UserError(text)


def test_full_disk():
    with (
        pytest.raises(SystemExit, match=r'^error: cannot write \(No space left on device\); make room'),
        one_sentence_errors(),
        open('/dev/full', 'w') as file,
    ):
        file.write('text')


def test_full_disk_that_names_the_file():
    with pytest.raises(SystemExit, match=r'^error: cannot write a\.pkl \('), one_sentence_errors():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'a.pkl')


def test_place_that_cannot_be_used(tmp_path):
    (tmp_path / 'file').touch()
    with (
        pytest.raises(SystemExit, match=r'^error: cannot use \S+/file/folder \(Not a directory\); '),
        one_sentence_errors(),
    ):
        (tmp_path / 'file/folder').mkdir()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['Ctrl-C', 'SIGTERM'])
def test_stop(number, capsys):
    with pytest.raises(SystemExit) as ended, one_sentence_errors(), clean_stops():
        signal.raise_signal(number)
    assert ended.value.code == 128 + number
    assert capsys.readouterr().err == 'stopped\n'


def test_stop_with_what_comes_next(capsys):
    with pytest.raises(SystemExit, match='130'), one_sentence_errors():
        raise KeyboardInterrupt('the same command goes on')
    assert capsys.readouterr().err == 'stopped; the same command goes on\n'


def test_other_errors_keep_their_traceback(tmp_path):
    with pytest.raises(FileNotFoundError), one_sentence_errors():
        (tmp_path / 'missing').read_text()
