"""A journal has what was done, whatever ended the run, and goes on with the same run alone."""

import multiprocessing
import os
import signal
import time

import pytest

from mmtin.errors import UserError
from mmtin.files.journal import Journal
from tests.files.unwritable import without_rights


def interrupted(folder, lines=3, **settings):
    """The journal of a run that was interrupted after some of its items, in no order."""
    with pytest.raises(RuntimeError), Journal(folder / 'out', settings) as journal:
        for index in (2, 0, 3)[:lines]:
            journal.add(index, dict(square=index * index))
        raise RuntimeError
    return folder / 'out.journal'


def test_goes_on(tmp_path, capsys):
    path = interrupted(tmp_path)
    assert f'stopped; what was done is in {path}' in capsys.readouterr().err
    with Journal(tmp_path / 'out', {}, resume=True) as journal:
        assert journal.left(5) == [1, 4]
        journal.add(1, dict(square=1))
        assert [entry['square'] for entry in journal.entries()] == [0, 1, 4, 9]
        journal.add(4, dict(square=16))
        assert journal.left(5) == []
        journal.remove()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('kept', range(1, 38, 3))
def test_a_line_that_was_cut_off_is_done_again(tmp_path, kept):
    path = interrupted(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-kept])
    with Journal(tmp_path / 'out', {}, resume=True) as journal:
        done = [index for index in range(4) if index not in journal.left(4)]
        assert done == ([0, 2] if kept <= len(whole.splitlines()[-1]) + 1 else [2])
        for index in journal.left(4):
            journal.add(index, dict(square=index * index))
    with Journal(tmp_path / 'out', {}, resume=True) as journal:
        assert [entry['square'] for entry in journal.entries()] == [0, 1, 4, 9]


def test_zeros_that_a_lost_power_leaves(tmp_path):
    path = interrupted(tmp_path)
    path.write_bytes(path.read_bytes() + bytes(100))
    with Journal(tmp_path / 'out', {}, resume=True) as journal:
        assert journal.left(4) == [1]


def test_a_journal_without_a_whole_head_begins_anew(tmp_path):
    path = interrupted(tmp_path)
    path.write_bytes(path.read_bytes()[:9])
    with Journal(tmp_path / 'out', {}, resume=True) as journal:
        assert journal.left(2) == [0, 1]
        journal.add(1, {})
    assert Journal(tmp_path / 'out', {}, resume=True).left(2) == [0]


def test_resume_of_nothing_begins(tmp_path):
    with Journal(tmp_path / 'out', {}, resume=True) as journal:
        assert journal.left(1) == [0]
    assert not list(tmp_path.iterdir())


def test_other_settings(tmp_path):
    path = interrupted(tmp_path, config=1, checkpoint=2, videos=3)
    with pytest.raises(UserError, match='a run with another config and another videos; give what'):
        Journal(tmp_path / 'out', dict(config=9, checkpoint=2, videos=9), resume=True)
    with pytest.raises(UserError, match='--resume goes on from there, --force begins anew'):
        Journal(tmp_path / 'out', dict(config=1, checkpoint=2, videos=3))
    with Journal(tmp_path / 'out', dict(config=9), force=True) as journal:
        assert journal.left(1) == [0]
    assert not path.exists()


@pytest.mark.parametrize('head', [b'{"journal": 0}\n', b'[1, 2]\n', b'"text"\n'])
def test_a_file_of_another_version(tmp_path, head):
    (tmp_path / 'out.journal').write_bytes(head)
    with pytest.raises(UserError, match='no journal of this version of mmtin; --force begins anew'):
        Journal(tmp_path / 'out', {}, resume=True)


def test_a_finished_result_is_not_replaced(tmp_path):
    (tmp_path / 'out').write_text('mine')
    with pytest.raises(UserError, match='is there already'):
        Journal(tmp_path / 'out', {}, resume=True)


def test_full_disk(tmp_path, capsys):
    journal = Journal(tmp_path / 'out', {})
    with pytest.raises(UserError, match=r'No space left .*; make room, then --resume goes on'), journal:
        journal.add(0, {})
        descriptor = os.open('/dev/full', os.O_WRONLY)
        os.dup2(descriptor, journal._file.fileno())
        os.close(descriptor)
        journal.add(1, {})
    assert Journal(tmp_path / 'out', {}, resume=True).left(2) == [1]


def test_folder_without_rights_is_one_sentence(tmp_path):
    with without_rights(tmp_path), pytest.raises(UserError, match=r'cannot write \S+/new/out \('):
        Journal(tmp_path / 'new/out', {})


def hold(folder, connection):
    """Keep the journal of ``folder`` until killed, and so does a process that decodes, even longer."""
    with Journal(folder / 'out', {}, resume=True) as journal:
        journal.add(1, {})
        decoder = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,))
        decoder.start()
        connection.send(decoder.pid)
        time.sleep(60)


def test_two_processes_do_not_mix_their_results(tmp_path):
    early = Journal(tmp_path / 'out', {}, force=True)
    ours, theirs = multiprocessing.Pipe()
    holder = multiprocessing.get_context('fork').Process(target=hold, args=(tmp_path, theirs))
    holder.start()
    decoder = ours.recv()
    try:
        taken = pytest.raises(UserError, match=r'^another command is writing \S+; wait until it has ended')
        for flags in (dict(resume=True), dict(force=True), {}):
            with taken:
                Journal(tmp_path / 'out', {}, **flags)
        with taken, early:
            pass
        holder.kill()
        holder.join()
        with Journal(tmp_path / 'out', {}, resume=True) as journal:
            assert journal.left(2) == [0]
            journal.remove()
    finally:
        holder.kill()
        os.kill(decoder, signal.SIGKILL)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('left', ['out', 'out.journal'])
def test_what_another_command_leaves_meanwhile_is_not_replaced(tmp_path, left):
    journal = Journal(tmp_path / 'out', {})
    (tmp_path / left).write_text('theirs')
    with pytest.raises(UserError, match=r'is there already|an interrupted run did'), journal:
        pass
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(left, 'theirs')]
