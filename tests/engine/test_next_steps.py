"""The commands that a training names at its end: those that take such a config."""

from pathlib import Path

import pytest

from mmtin.config import read_config
from mmtin.engine.next_steps import commands_after
from mmtin.errors import UserError
from mmtin.export.classifier import clip_shape
from mmtin.prediction.pipeline import TestPipeline

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.mark.parametrize(
    'name, commands',
    [
        ('tin_r18_demo', ['test', 'predict', 'report', 'export']),
        ('i3d_r50_32f_sthv1', ['test', 'predict', 'report']),
        ('tin_r50_flow_sthv1', ['test', 'report']),
        ('ecolite_bninception_16f_flow_sthv1', ['test', 'report']),
    ],
)
def test_no_command_is_named_that_refuses_the_config(name, commands):
    cfg = read_config(CONFIGS / f'{name}.py')
    assert list(commands_after(cfg, 'tin.py', 'tin.pth', 'work')) == commands
    for command, accept in dict(predict=TestPipeline, export=clip_shape).items():
        if command in commands:
            accept(cfg)
        else:
            with pytest.raises(UserError, match='the test pipeline of the config'):
                accept(cfg)


def test_detector():
    """Its dump has boxes, which a report does not read."""
    commands = commands_after(read_config(CONFIGS / 'tin_r50_ava21.py'), 'tin.py', 'tin.pth', 'work')
    assert list(commands) == ['test', 'report']
    assert '--dump' not in commands['test']
