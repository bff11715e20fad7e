"""The choice of a backend, and switching one off."""

import logging
import os
import subprocess
import sys

import pytest
import torch

from mmtin.errors import UserError
from mmtin.ops import available_backends, backend, temporal_interlace
from mmtin.ops.backend import BACKENDS, IN_PLACE, choose_backend, in_place_backend

CLIPS, OFFSET = torch.ones(1, 2, 4), torch.zeros(1, 1)
FRAMES = torch.ones(2, 4, 3, 3)


@pytest.fixture
def switch_off(monkeypatch):
    return lambda *names: monkeypatch.setattr(backend, 'SWITCHED_OFF', frozenset(names))


def chosen(x):
    return next(name for name, module in BACKENDS.items() if module is choose_backend('auto', x))


def test_auto_takes_the_first_that_suits_and_can_run(device, switch_off):
    first = {'cpu': 'native', 'cuda': 'triton'}[device]
    assert chosen(torch.zeros(1, 2, 4)) == first
    if device == 'cpu':
        assert chosen(torch.zeros(1, 2, 4).double()) == 'matrix'
    assert torch.func.vmap(lambda x: x + (chosen(x) == 'matrix'))(torch.zeros(3)).tolist() == [1, 1, 1]
    switch_off(first)
    assert chosen(torch.zeros(1, 2, 4)) == 'matrix'


def test_auto_logs_its_choice_once(device, monkeypatch):
    lines = []
    monkeypatch.setattr(backend, 'print_log', lambda text, logger, level: lines.append((text, level)))
    backend._log_choice.cache_clear()
    x, offset = torch.zeros(1, 2, 4), torch.zeros(1, 1)
    for _ in range(3):
        temporal_interlace(x, offset)
    assert lines == [(f'Temporal interlacing on {device} uses the {chosen(x)} backend.', logging.INFO)]
    temporal_interlace(x, offset, backend='reference')
    assert len(lines) == 1


def test_what_is_switched_off_is_not_chosen_and_says_so(switch_off):
    switch_off('native', 'reference')
    assert 'native' not in available_backends('cpu') and 'matrix' in available_backends('cpu')
    assert torch.equal(temporal_interlace(CLIPS, OFFSET), CLIPS)
    assert in_place_backend(FRAMES) is BACKENDS['matrix']
    with pytest.raises(
        UserError, match=r"'native' cannot run: MMTIN_BACKENDS_OFF switches it off. Available"
    ):
        temporal_interlace(CLIPS, OFFSET, backend='native')
    switch_off(*BACKENDS)
    with pytest.raises(
        UserError, match=r'no backend is left .* switches off .*matrix.*leave matrix out of it'
    ):
        temporal_interlace(CLIPS, OFFSET)


def test_in_place_is_what_auto_takes(device, monkeypatch):
    frames = torch.ones(2, 4, 3, 3)
    assert in_place_backend(frames) is choose_backend('auto', frames)
    monkeypatch.delitem(IN_PLACE, chosen(frames))
    assert in_place_backend(frames) is None
    monkeypatch.undo()
    monkeypatch.setattr(backend, 'IN_PLACE_ALLOWED', False)
    assert in_place_backend(frames) is None


def asked(**variables):
    code = (
        'import torch; from mmtin.ops.backend import available_backends, in_place_backend;'
        "print(available_backends('cpu'), in_place_backend(torch.ones(2, 4, 3, 3)))"
    )
    return subprocess.run(
        [sys.executable, '-c', code], env={**os.environ, **variables}, capture_output=True, text=True
    )


def test_environment_variables():
    answer = asked(MMTIN_BACKENDS_OFF='native, triton,mmcv', MMTIN_IN_PLACE='0')
    assert answer.stdout.splitlines()[-1] == "('matrix', 'reference') None", answer.stderr
    wrong = asked(MMTIN_BACKENDS_OFF='nativ')
    assert wrong.returncode != 0
    assert f'must name backends among {", ".join(BACKENDS)}, with commas' in wrong.stderr
    assert wrong.stderr.rstrip().endswith("got 'nativ'")
