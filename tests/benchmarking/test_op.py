"""The operator's benchmark: what it times is right."""

import pytest
import torch

from mmtin.benchmarking import op
from mmtin.benchmarking.composed import mmaction2_interlace
from mmtin.errors import UserError
from mmtin.ops import available_backends, temporal_interlace

PASSES = ('forward', 'backward', 'forward+backward')


@pytest.mark.parametrize('layout', ['nchw', 'channels_last'])
def test_every_backend_and_the_copy_are_timed(layout):
    records = op.measure(op.make_inputs(2, 4, 8, 6, layout), repeats=2, warmup=1)
    timed = {(line['pass'], line['subject']) for line in records if line['ms'] != 'not measured'}
    subjects = {'copy', 'mmaction2', *available_backends('cpu')}
    assert timed == {(pass_, subject) for pass_ in PASSES for subject in subjects}
    assert {line['note'] for line in records if line['subject'] == 'mmcv'} != {None}
    for line in records:
        if (line['pass'], line['subject']) in timed:
            assert 0 < line['quartile 1'] <= line['ms'] <= line['quartile 3']
            assert line['x copy'] > 0 and line['GB/s'] > 0
        if line['subject'] == 'copy':
            assert (line['x copy'], line['of copy %']) == pytest.approx((1, 100))


def test_least_bytes_of_the_operator():
    inputs = op.make_inputs(1, 4, 8, 6, dtype=torch.float64)
    rows = {(line['pass'], line['subject']): line for line in op.measure(inputs, repeats=1, against=())}
    size = 4 * 8 * 6 * 6 * 8
    for pass_, tensors in zip(PASSES, (2, 3, 5)):
        line = rows[pass_, 'matrix']
        assert line['GB/s'] * 1e9 * line['ms'] / 1e3 == pytest.approx(tensors * size)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16], ids=str)
def test_composition_is_right(dtype):
    inputs = op.make_inputs(2, 8, 8, 6, dtype=dtype)
    op.check_answer('mmaction2', mmaction2_interlace, inputs)


def wrong_output(x, offset, weight):
    return temporal_interlace(x, offset + 0.001, weight)


def wrong_gradient(x, offset, weight):
    return temporal_interlace(2 * x - x.detach(), offset, weight)


def no_number(x, offset, weight):
    return temporal_interlace(x, offset, weight) * float('nan')


@pytest.mark.parametrize(
    'operator, what', [(wrong_output, 'output'), (wrong_gradient, 'gradient of x'), (no_number, 'output')]
)
def test_a_wrong_answer_is_not_timed(operator, what):
    with pytest.raises(UserError, match=rf'mine gives a wrong answer, so that it is not timed: the {what}'):
        op.check_answer('mine', operator, op.make_inputs(2, 8, 8, 6))


def test_mmcvs_wrong_gradient_may_be_left_out():
    op.check_answer('mmcv', wrong_gradient, op.make_inputs(2, 8, 8, 6), exact_gradient=False)


def test_channels_must_divide_into_groups():
    with pytest.raises(UserError, match='multiple of the 4 groups, got 6'):
        op.make_inputs(1, 4, 6, 6)
