"""Peaks of memory are those that can be counted."""

import pytest
import torch

from mmtin.benchmarking import memory
from mmtin.benchmarking.network import Case, Setting


def test_peak_is_what_was_held_at_once():
    def call():
        first = torch.empty(1_000_000)
        del first
        second, third = torch.empty(500_000), torch.empty(750_000)
        del second, third

    # float32, and the allocator's alignment.
    assert memory.allocator_peak(call) == pytest.approx(4 * 1_250_000, rel=1e-3)


def test_training_step_in_a_process_of_its_own():
    case, setting = Case('train', depth=18, frames=4), Setting(('nchw',), size=32)
    (line,) = memory.measure(case, setting, against=())
    assert line['subject'] == 'tin'
    # Weights, their gradients and their momentum are held in any case: 3 * 4 bytes * 11.3 million.
    assert line['MB'] > 3 * 4 * 11.2
    assert line['resident MB'] > 0
