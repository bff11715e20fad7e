"""interlace_ on the networks of other libraries: the real ones, in one process of their own."""

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
from tests.once import made_once

ZOO = Path(sys.prefix) / 'zoo'
SCRIPT = Path(__file__).with_name('foreign_resnets.py')


@pytest.fixture(scope='module')
def zoo(tmp_path_factory):
    if not all((ZOO / library).is_dir() for library in ('torchvision', 'timm', 'mmpretrain')):
        pytest.skip(f'torchvision, timm and mmpretrain are not in {ZOO}; tools/setup.sh puts them there')
    return json.loads((made_once(tmp_path_factory, 'zoo', examine) / 'results.json').read_text())


def examine(folder):
    # Theirs last, so that nothing of this environment is hidden.
    path = os.pathsep.join([str(SCRIPT.parents[2]), str(ZOO)])
    process = subprocess.run(
        [sys.executable, '-W', 'ignore', SCRIPT],
        env=os.environ | dict(PYTHONPATH=path),
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    (folder / 'results.json').write_text(process.stdout.splitlines()[-1])


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
    assert 'ShuffleNetV2 has no residual block' in zoo['refused']['shufflenet_v2_x0_5']


# How many blocks add a shortcut, and the first convolution of the first of them.
FAMILIES = {
    'torchvision regnet_y_400mf': (16, 'trunk_output.block1.block1-0.f.a.0'),
    'torchvision mobilenet_v2': (10, 'features.3.conv.0.0'),
    'torchvision mobilenet_v3_small': (6, 'features.3.block.0.0'),
    'torchvision efficientnet_b0': (9, 'features.2.1.block.0.0'),
    'torchvision efficientnet_v2_s': (35, 'features.1.0.block.0.0'),
    'torchvision mnasnet0_5': (10, 'layers.8.1.layers.0'),
    'torchvision convnext_tiny': (18, 'features.1.0.block.0'),
    'timm regnety_004': (16, 's1.b1.conv1.conv'),
    'timm regnetz_b16': (18, 'stages.0.1.conv1_1x1.conv'),
    'timm nf_regnet_b0': (16, 'stages.0.0.conv1'),
    'timm mobilenetv3_small_100': (6, 'blocks.1.1.conv_pw'),
    'timm mobilenetv4_conv_small': (10, 'blocks.2.1.pw_exp.conv'),
    'timm mobileone_s0': (17, 'stages.0.2'),
    'timm tf_efficientnet_b0': (9, 'blocks.1.1.conv_pw'),
    'timm convnextv2_atto': (12, 'stages.0.blocks.0.conv_dw'),
}


@pytest.mark.parametrize('name', FAMILIES)
def test_families(zoo, name):
    result = zoo['families']['networks'][name]
    assert (result['blocks'], result['first']) == FAMILIES[name]
    assert result['moved'] == result['blocks']
    assert result['held_still_or_plain'] < 1e-4
    assert result['one_operation_or_two'] < 1e-4
    assert result['weights_of_the_2d_network_left'] == []


def test_every_family_is_examined(zoo):
    assert zoo['families']['networks'].keys() == FAMILIES.keys()


def test_backbones_of_recognizers(zoo):
    differences = zoo['families']['as_backbones']
    assert len(differences) == 3
    for kind, difference in differences.items():
        assert difference < 1e-5, kind


def test_tin_mobilenet_takes_torchvisions_weights(zoo):
    assert zoo['families']['tin_mobilenet_or_torchvision'] < 1e-5


def test_tin_mobileone_takes_the_place_of_tsm(zoo):
    result = zoo['families']['tin_mobileone']
    assert result['classes'] == [1, 400]
    assert result['places'] == 17
    assert result['moved'] > 1e-3
    assert result['folded_or_not'] < 1e-9
    assert result['held_still_or_plain'] < 1e-5


def test_goes_frame_by_frame(zoo):
    assert zoo['families']['step_or_clip'] < 1e-5


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
    model = nn.Sequential(Block(16), Block(3))
    with pytest.raises(UserError, match=r'1\.conv1 sees 3 channels, too few for 4 groups that move'):
        interlace_(model)
    with pytest.raises(UserError, match='shift_div and groups must be at least 1, got 0 and 2'):
        interlace_(model, shift_div=0)
    assert not any(isinstance(module, TemporalInterlace) for module in model.modules())
    model = interlace_(nn.Sequential(Block(16)))
    for interlaced in (model, TINResNet(18)):
        with pytest.raises(UserError, match='interlaces frames already'):
            interlace_(interlaced)
    assert isinstance(model[0].conv1.net2, nn.Conv2d)


@pytest.mark.parametrize(
    'channels, shift_div, folded', [(16, 4, 4), (24, 4, 4), (40, 4, 8), (24, 8, 4), (4, 4, 4), (96, 4, 24)]
)
def test_channels_that_take_part_are_a_whole_number_for_each_group(channels, shift_div, folded):
    interlace = interlace_(nn.Sequential(Block(channels)), shift_div=shift_div)[0].conv1.net1
    assert interlace.folded_channels == folded


class Doubled(nn.Conv2d):
    """A kind of convolution that does something of its own."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(x)


def test_other_kinds_of_convolution_work_as_they_do():
    plain = nn.Sequential(Block(16))
    doubled = nn.Sequential(Block(16))
    doubled[0].conv1 = Doubled(16, 16, 3, padding=1, bias=False)
    interlace_(plain, num_segments=2)
    interlace_(doubled, num_segments=2)
    doubled.load_state_dict(plain.state_dict())
    frames = torch.randn(4, 16, 5, 5)
    torch.testing.assert_close(doubled[0].conv1(frames), 2 * plain[0].conv1(frames))


def test_a_layer_that_is_no_conv2d_is_named():
    model = nn.Sequential(Block(16))
    model[0].conv1 = nn.Conv1d(16, 16, 3)
    with pytest.raises(UserError, match=r'0\.conv1 is a Conv1d, and interlace_ wants an nn\.Conv2d'):
        interlace_(model)
