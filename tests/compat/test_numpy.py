"""Names of numpy are given back where they are missing."""

import numpy as np

from mmtin.compat.numpy import restore_names


def test_numpy_names_that_exist_stay(monkeypatch):
    mine = object()
    for name in ('Inf', 'in1d', 'trapz'):
        monkeypatch.setattr(np, name, mine, raising=False)
    restore_names()
    assert np.Inf is np.in1d is np.trapz is mine


def test_numpy_1_has_no_successors_and_needs_none(monkeypatch):
    monkeypatch.setattr(np, 'trapz', object(), raising=False)
    monkeypatch.delattr(np, 'trapezoid', raising=False)
    restore_names()
