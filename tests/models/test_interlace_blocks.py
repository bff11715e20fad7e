"""interlace_ on the ResNets of other libraries: the real ones, in one process of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from mmtin.errors import UserError
from mmtin.models import TemporalInterlace, TINResNet, interlace_

ZOO = Path(sys.prefix) / 'zoo'
SCRIPT = Path(__file__).with_name('foreign_resnets.py')


@pytest.fixture(scope='module')
def zoo():
    if not (ZOO / 'torchvision').is_dir() or not (ZOO / 'timm').is_dir():
        pytest.skip(f'torchvision and timm are not in {ZOO}; tools/setup.sh puts them there')
    # Theirs last, so that nothing of this environment is hidden.
    path = os.pathsep.join([str(SCRIPT.parents[2]), str(ZOO)])
    process = subprocess.run(
        [sys.executable, '-W', 'ignore', SCRIPT],
        env=os.environ | dict(PYTHONPATH=path),
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


@pytest.mark.parametrize('name', ['resnet18', 'resnet50'])
@pytest.mark.parametrize('library', ['torchvision', 'timm'])
def test_is_our_network_with_the_weights_of_the_2d_one(zoo, library, name):
    result = zoo['ours'][f'{library} {name}']
    assert result['same_module']
    assert result['weights_kept']
    assert result['shape'] == [8, 5]
    assert result['difference'] < 1e-5
    assert result['gradient_difference'] < 1e-4
    assert result['order_of_frames_matters'] > 1e-3


def test_variants(zoo):
    assert len(zoo['variants']) == 7
    for name, result in zoo['variants'].items():
        assert result == dict(blocks=16, shape=[4, 5], finite=True), name


def test_exports_for_any_number_of_clips_and_compiles(zoo):
    assert len(zoo['deployed']) == 3
    for way, difference in zoo['deployed'].items():
        assert difference < 1e-5, way


def test_the_example_of_the_guide_runs(zoo):
    assert zoo['in_the_guide'] == [2, 1000]


def test_networks_without_residual_blocks_are_refused(zoo):
    assert 'DenseNet has no residual block' in zoo['refused']['densenet121']
    assert 'MobileNetV2 has no residual block' in zoo['refused']['mobilenet_v2']


class Block(nn.Module):
    """A residual block as torchvision writes it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.downsample = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x + self.conv1(x)).relu()


def test_follows_precision_and_passes_options_on():
    model = interlace_(
        nn.Sequential(Block(24).double()),
        num_segments=3,
        shift_div=2,
        groups=3,
        reverse=False,
        max_offset=2.0,
        initial_offset=0.5,
    )
    interlace = model[0].conv1.net1
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float64}
    assert (interlace.num_segments, interlace.folded_channels, interlace.reverse) == (3, 12, False)
    assert interlace.offset_net.fc2.out_features == 3
    assert interlace.offset_net.max_offset == 2.0
    assert interlace.offset_net.fc2.bias.tolist() == pytest.approx([0.5108256] * 3)
    assert model(torch.randn(6, 24, 5, 5, dtype=torch.float64)).shape == (6, 24, 5, 5)
    with pytest.raises(UserError, match='no whole clips'):
        model(torch.randn(4, 24, 5, 5, dtype=torch.float64))


def test_a_fault_leaves_the_model_as_it_was():
    model = nn.Sequential(Block(16), Block(24))
    with pytest.raises(UserError, match='in_channels=24 must be a multiple'):
        interlace_(model)
    assert not any(isinstance(module, TemporalInterlace) for module in model.modules())
    model = interlace_(nn.Sequential(Block(16)))
    for interlaced in (model, TINResNet(18)):
        with pytest.raises(UserError, match='interlaces frames already'):
            interlace_(interlaced)
    assert isinstance(model[0].conv1.net2, nn.Conv2d)
