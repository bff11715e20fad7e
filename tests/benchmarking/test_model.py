"""Small whole networks: the timed ones compute the right answer, and every size has its lines."""

from dataclasses import replace

import pytest

from mmtin.benchmarking import model
from mmtin.benchmarking.network import FAST, Case, Setting, build, sweep
from mmtin.errors import UserError
from mmtin.models import TINResNet

SMALL = Setting(('nchw', 'channels_last'), size=32)


@pytest.mark.parametrize('mode', ['inference', 'train'])
def test_subjects_in_each_layout(mode):
    case = Case(mode, depth=18, frames=4)
    records = model.measure([case], SMALL, against=('tsn', 'mmaction2'), repeats=1)
    lines = {(line['layout'], line['subject']): line for line in records}
    fast = {('nchw', FAST)} if mode == 'inference' and hasattr(TINResNet, 'fuse_for_inference') else set()
    wanted = {(layout, name) for layout in SMALL.layouts for name in ('tsn', 'mmaction2', 'tin')}
    assert set(lines) == wanted | fast
    for line in lines.values():
        assert line['ms'] > 0 and line['x tsn'] > 0 and line['x mmaction2'] > 0
        assert line['clips/s'] == pytest.approx(1e3 / line['ms'])
        assert (line['mode'], line['depth'], line['frames'], line['clips']) == (mode, 18, 4, 1)
    assert all(lines[layout, 'tsn']['x tsn'] == 1 for layout in SMALL.layouts)


def test_training_step_trains_what_the_configs_train():
    network = build('tin', Case('train', depth=18, frames=4), SMALL)
    frozen = [name for name, value in network.named_parameters() if not value.requires_grad]
    assert frozen and all('bn' in name for name in frozen)
    plain = build('tin', Case('train', depth=18, frames=4), replace(SMALL, frozen_norm=False))
    assert all(value.requires_grad for value in plain.parameters())


@pytest.mark.parametrize('mode, what', [('inference', 'scores'), ('train', 'scores')])
def test_a_wrong_network_is_not_timed(mode, what):
    case = Case(mode, depth=18, frames=4)
    network = build('tin', case, SMALL)
    interlace = network.backbone.layer3[0].conv1.conv.net1
    interlace.register_forward_hook(lambda module, inputs, output: 1.01 * output)
    with pytest.raises(UserError, match=f'tin, nchw gives a wrong answer, .* its {what} are off by'):
        model.check_answers(case, SMALL, network)


def test_a_wrong_gradient_is_not_timed():
    case = Case('train', depth=18, frames=4)
    network = build('tin', case, SMALL)
    interlace = network.backbone.layer3[0].conv1.conv.net1
    interlace.register_forward_hook(lambda module, inputs, output: 2 * output - output.detach())
    with pytest.raises(UserError, match=r'tin gives a wrong answer, .* its gradients are off by'):
        model.check_answers(case, SMALL, network)


def test_sizes_that_take_too_long_say_so():
    (line,) = model.measure([Case('inference', depth=18, frames=4)], SMALL, max_minutes=0)
    assert line['ms'] == 'not measured' and 'raise --max-minutes' in line['note']


def test_sweep_grows_one_size_at_a_time():
    base = Case('train')
    cases = set(sweep(base))
    assert {(case.depth, case.frames, case.clips) for case in cases} == {
        (50, 8, 1), (50, 8, 4), (50, 8, 16), (50, 16, 1), (50, 32, 1), (18, 8, 1), (101, 8, 1),
    }  # fmt: skip
