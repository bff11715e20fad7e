"""The names by which configs find the modules."""

import subprocess
import sys

import pytest
import torch
from mmaction.registry import MODELS

from mmtin.compat.versions import is_older
from mmtin.models import TINResNet
from mmtin.ops import TINShift


def python(code):
    """Run ``code`` in a process where nothing is imported yet."""
    process = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize('scope', ['', 'mmtin.', 'mmaction.'], ids=lambda scope: scope or 'none')
def test_names(scope):
    backbone = MODELS.build({'type': f'{scope}TINResNet', 'depth': 18, 'num_segments': 4})
    assert type(backbone) is TINResNet
    shift = MODELS.build({'type': f'{scope}TINShift', 'backend': 'reference'})
    assert type(shift) is TINShift
    assert shift(torch.ones(1, 3, 2), torch.tensor([[1]])).sum() == 4


@pytest.mark.parametrize('name', ['Recognizer2D', 'mmaction.ResNetTSM', 'TSMHead'])
def test_names_of_mmaction2_still_resolve(name):
    assert MODELS.get(name) is not None


@pytest.mark.parametrize(
    'config',
    ["default_scope = 'mmtin'", "default_scope = 'mmaction'; custom_imports = dict(imports='mmtin')"],
    ids=['default_scope', 'custom_imports'],
)
def test_a_config_alone_finds_mmtin(config):
    """A stock runner imports nothing of mmtin by itself."""
    python(
        'from mmengine.config import Config\n'
        'from mmengine.registry import MODELS, init_default_scope\n'
        f"init_default_scope(Config.fromstring({config!r}, '.py').default_scope)\n"
        "for name in ('TINResNet', 'mmtin.TINResNet', 'mmaction.TINResNet'):\n"
        "    assert type(MODELS.build(dict(type=name, depth=18))).__module__ == 'mmtin.models.tin_resnet'\n"
        "MODELS.build(dict(type='TSMHead', num_classes=2, in_channels=8))\n"
    )


@pytest.mark.skipif(
    not is_older('mmcv', '2.2.0'),
    reason='MMAction2 refuses this mmcv where mmtin was not imported before it',
)
def test_other_registries_of_the_scope_look_up_mmaction2():
    python(
        'from mmaction import registry\n'
        'import mmtin\n'
        "assert registry.TRANSFORMS.get('mmtin.SampleFrames').__name__ == 'SampleFrames'\n"
        "assert registry.DATASETS.get('mmtin.VideoDataset').__name__ == 'VideoDataset'\n"
        "assert registry.METRICS.get('mmtin.AccMetric').__name__ == 'AccMetric'\n"
        "assert registry.HOOKS.get('mmtin.VisualizationHook').__name__ == 'VisualizationHook'\n"
    )
