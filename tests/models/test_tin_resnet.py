"""The backbone against MMAction2's ResNetTIN, and every argument that it takes over."""

import copy
import math
import sys
import types

import pytest
import torch
from mmaction.models.backbones.resnet import ResNet
from mmaction.models.backbones.resnet_tin import CombineNet, ResNetTIN
from mmcv.cnn import NonLocal3d
from torch import nn

from mmtin.compat import torch as compat
from mmtin.models import TemporalInterlace, TINResNet
from mmtin.ops import tin_shift


@pytest.fixture
def mmcv_tin_shift(monkeypatch):
    """Let MMAction2's backbone run without CUDA, over the reference."""
    module = types.ModuleType('mmcv.ops')
    module.tin_shift = lambda input, shift: tin_shift(input, shift, 'reference')
    monkeypatch.setitem(sys.modules, 'mmcv.ops', module)


def build(depth=18, num_segments=4, **kwargs):
    """A backbone in training mode."""
    # Without init_weights(), whose report on every parameter takes longer than the network.
    return TINResNet(depth, num_segments=num_segments, **kwargs)


def clips(n=2, t=4, size=32):
    return torch.randn(n * t, 3, size, size)


def two_stages():
    """Arguments for half of a ResNet, where the whole would take longer and show no more."""
    shape = {'num_stages': 2, 'strides': (1, 2), 'dilations': (1, 1), 'out_indices': (1,)}
    return shape | {'interlace_stages': (0, 1)}


def frozen(backbone):
    """In inference; ResNet.eval() returns nothing."""
    backbone.eval()
    return backbone


def interlacing_stages(backbone):
    names = [name for name, module in backbone.named_modules() if isinstance(module, TemporalInterlace)]
    return {int(name[len('layer')]) - 1 for name in names}


@pytest.mark.parametrize('depth', [18, 34, 50, 101, 152])
def test_names_and_shapes_are_mmaction2s(depth):
    # On the meta device nothing is allocated, which makes ResNet-152 quick.
    with torch.device('meta'):
        ours, theirs = TINResNet(depth), ResNetTIN(depth, num_segments=8, shift_div=4)
    shapes = [{key: value.shape for key, value in net.state_dict().items()} for net in (ours, theirs)]
    assert shapes[0] == shapes[1]


def test_number_of_parameters():
    """31,008 more than the 2D network; 23,895,566 with the classifier of Something-Something V1."""
    with torch.device('meta'):
        tin, plain = (
            sum(p.numel() for p in TINResNet(50, is_tin=tin).parameters()) for tin in (True, False)
        )
    assert tin - plain == 31_008
    assert tin + 2048 * 174 + 174 == 23_895_566


@pytest.mark.parametrize('depth', [18, 50])
def test_equals_resnet_tin(mmcv_tin_shift, depth):
    ours, theirs = build(depth, 8, max_offset=2.0), ResNetTIN(depth, num_segments=8, shift_div=4)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x = clips(2, 8)
    with torch.no_grad():
        expected = frozen(theirs)(x)
        torch.testing.assert_close(
            frozen(ours)(x), expected, rtol=1e-4, atol=1e-5 * expected.abs().max().item()
        )
    # And the other way round.
    ours.load_state_dict(theirs.state_dict(), strict=True)


def test_start_values_survive_init_weights():
    backbone = build()
    backbone.init_weights()
    for module in backbone.modules():
        if isinstance(module, TemporalInterlace):
            assert module.offset_net.fc2.bias.tolist() == pytest.approx([math.log(3)] * 2)  # 1 of 2 frames
            assert (module.weight_net.conv.bias == 0).all()
            assert module.offset_net.max_offset == 2  # T / 2


def test_arguments_reach_every_block():
    backbone = build(
        num_segments=6, shift_div=8, groups=1, reverse=False, max_offset=1.5, initial_offset=0.5
    )
    modules = [module for module in backbone.modules() if isinstance(module, TemporalInterlace)]
    assert len(modules) == 8
    for module in modules:
        assert (module.num_segments, module.shift_div, module.reverse) == (6, 8, False)
        assert module.offset_net.max_offset == 1.5 and module.offset_net.fc2.out_features == 1
        assert module.offset_net.fc2.bias.item() == pytest.approx(math.log(2))  # 0.5 of 1.5 frames


def test_every_parameter_learns():
    backbone = build(groups=2)
    for module in backbone.modules():
        if isinstance(module, TemporalInterlace):
            nn.init.constant_(module.offset_net.fc1.bias, 5.0)
    (backbone(clips()) ** 2).mean().backward()
    for name, parameter in backbone.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize('stages', [(), (0,), (2, 3), [1, 3], (0, 1, 2, 3)], ids=str)
def test_interlace_stages(stages):
    backbone = build(interlace_stages=stages)
    assert interlacing_stages(backbone) == set(stages)
    assert backbone(clips()).shape == (8, 512, 1, 1)


def test_all_stages_of_a_shorter_trunk_interlace():
    backbone = build(num_stages=3, out_indices=(2,), strides=(1, 2, 2), dilations=(1, 1, 1))
    assert interlacing_stages(backbone) == {0, 1, 2}


def test_mode_is_set_in_a_chain():
    backbone = build()
    assert backbone.eval() is backbone and not backbone.training
    assert backbone.train() is backbone and backbone.training


def test_a_stage_named_twice_interlaces_once():
    assert TINResNet(18, interlace_stages=(3, 3)).state_dict().keys() == (
        TINResNet(18, interlace_stages=(3,)).state_dict().keys()
    )


@pytest.mark.parametrize('stages', [(4,), (-1,), (0, 7)], ids=str)
def test_refuses_stages_that_are_not_there(stages):
    with pytest.raises(ValueError, match=r'interlace_stages must lie in 0\.\.3, got \[(4|-1|7)\]'):
        TINResNet(18, interlace_stages=stages)


@pytest.mark.parametrize('switch', ['is_tin', 'is_shift', 'both'])
def test_switched_off_is_the_2d_resnet(switch):
    off = {'is_tin': False, 'is_shift': False} if switch == 'both' else {switch: False}
    backbone, plain = build(**off), ResNet(18)
    assert not any(isinstance(module, CombineNet) for module in backbone.modules())
    plain.load_state_dict(backbone.state_dict(), strict=True)
    x = clips()
    assert torch.equal(frozen(backbone)(x), frozen(plain)(x))


def test_refuses_shift_place_block():
    with pytest.raises(ValueError, match="shift_place='blockres'; got 'block'"):
        TINResNet(18, shift_place='block')
    TINResNet(18, shift_place='block', is_tin=False)
    TINResNet(18, shift_place='blockres')


@pytest.mark.parametrize('t', [4, 6], ids='T{}'.format)
def test_temporal_pool(t):
    backbone = frozen(build(num_segments=t, temporal_pool=True))
    x = clips(2, t)
    with torch.no_grad():
        output = backbone(x)
        assert output.shape == (t, 512, 1, 1)
        alone = torch.cat([backbone(clip) for clip in x.chunk(2)])
    torch.testing.assert_close(output, alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('t', [1, 5], ids='T{}'.format)
def test_temporal_pool_refuses_odd_numbers_of_frames(t):
    with pytest.raises(ValueError, match=f'even.*num_segments={t}'):
        TINResNet(18, num_segments=t, temporal_pool=True)


NON_LOCAL = {
    'non_local': ((0, 0, 0), (1, 0, 1, 0), (1, 0, 1, 0, 1, 0), (0, 0, 0)),
    'non_local_cfg': {
        'sub_sample': True,
        'use_scale': False,
        'norm_cfg': {'type': 'BN3d', 'requires_grad': True},
        'mode': 'dot_product',
    },
}


def test_non_local():
    """As MMAction2's tsm_..._r50-nl-dot-product config has it."""
    backbone = build(50, 4, **copy.deepcopy(NON_LOCAL))
    assert sum(isinstance(module, NonLocal3d) for module in backbone.modules()) == 5
    backbone(clips()).square().mean().backward()
    for name, parameter in backbone.named_parameters():
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize('temporal_pool', [False, True], ids=['', 'temporal_pool'])
def test_non_local_blocks_do_not_mix_clips(temporal_pool):
    non_local = NON_LOCAL | {'non_local': ((0, 1, 0), (1, 0, 0, 0))}
    backbone = frozen(build(50, 4, temporal_pool=temporal_pool, **two_stages(), **copy.deepcopy(non_local)))
    for module in backbone.modules():
        if isinstance(module, NonLocal3d):
            nn.init.normal_(module.conv_out.norm.weight)  # starts at zero, which hides the block
    x = clips()
    with torch.no_grad():
        together, alone = backbone(x), torch.cat([backbone(clip) for clip in x.chunk(2)])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4 * together.abs().max().item())


def test_non_local_keys_are_mmaction2s():
    with torch.device('meta'):
        ours = TINResNet(50, **copy.deepcopy(NON_LOCAL))
        theirs = ResNetTIN(50, num_segments=8, shift_div=4, **copy.deepcopy(NON_LOCAL))
    assert ours.state_dict().keys() == theirs.state_dict().keys()


def test_partial_bn_and_norm_eval():
    def training(**kwargs):
        backbone = build(**kwargs)
        backbone.train()
        return [module.training for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]

    assert all(training()) and not any(training(norm_eval=True))
    first, *others = training(partial_bn=True)
    assert first and not any(others)


@pytest.mark.parametrize('stages', [-1, 0, 2])
def test_frozen_stages(stages):
    backbone = build(frozen_stages=stages)
    backbone.train()
    frozen_names = [f'layer{i}.' for i in range(1, stages + 1)] + ['conv1.'] * (stages >= 0)
    for name, parameter in backbone.named_parameters():
        assert parameter.requires_grad != name.startswith(tuple(frozen_names)), name
    backbone(clips()).sum().backward()


def test_activation_checkpointing_gives_the_same_gradients():
    # Only bottlenecks have it.
    plain, saving = build(50, **two_stages()), build(50, with_cp=True, **two_stages())
    saving.load_state_dict(plain.state_dict())
    x = clips()
    for backbone in (plain, saving):
        backbone(x).square().sum().backward()
    for (name, expected), actual in zip(plain.named_parameters(), saving.parameters(), strict=True):
        assert (actual.grad - expected.grad).norm() <= 1e-4 * expected.grad.norm(), name


def test_out_indices():
    outputs = build(out_indices=(0, 2, 3))(clips())
    assert [list(out.shape) for out in outputs] == [[8, 64, 8, 8], [8, 256, 2, 2], [8, 512, 1, 1]]


@pytest.mark.parametrize('form', ['channels_last', 'half', 'bfloat16', 'autocast'])
def test_forms_of_the_same_function(form):
    if form == 'half' and compat.version() < (2, 2):
        pytest.skip('torch 2.1 convolves no float16 on the CPU')
    backbone, x = frozen(build()), clips()
    with torch.no_grad():
        expected = backbone(x)
        if form == 'channels_last':
            output = backbone.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
            assert output.is_contiguous(memory_format=torch.channels_last)
        elif form == 'autocast':
            with torch.autocast('cpu', dtype=torch.bfloat16):
                output = backbone(x)
        else:
            dtype = getattr(torch, form)
            output = backbone.to(dtype)(x.to(dtype))
            assert output.dtype == dtype
    error = (output.float() - expected).norm() / expected.norm()
    assert error < {'channels_last': 1e-4, 'half': 1e-2}.get(form, 5e-2)


@pytest.mark.parametrize('n', [1, 3], ids='N{}'.format)
def test_clips_do_not_mix(n):
    backbone, x = frozen(build()), clips(n)
    with torch.no_grad():
        alone = torch.cat([backbone(clip) for clip in x.split(4)])
        torch.testing.assert_close(backbone(x), alone, rtol=1e-4, atol=1e-4)


def test_time_matters():
    """What a 2D network with averaging cannot do: tell a clip from the same clip reversed."""
    x = clips(1)
    with torch.no_grad():
        for is_tin, same in ((True, False), (False, True)):
            backbone = frozen(build(is_tin=is_tin))
            forwards, backwards = backbone(x).mean(0), backbone(x.flip(0)).mean(0)
            assert torch.allclose(forwards, backwards, atol=1e-5 * forwards.max().item()) == same


def test_refuses_broken_clips_and_channels():
    with pytest.raises(ValueError, match='got 6 frames, which are no whole clips of num_segments=4'):
        build()(clips(1, 6))
    with pytest.raises(ValueError, match='in_channels=64 must be a multiple of'):
        TINResNet(18, groups=3)


def test_compiles_in_one_graph():
    backbone, x = frozen(build()), clips()
    with torch.no_grad():
        compiled = torch.compile(backbone, fullgraph=True, backend='aot_eager')
        torch.testing.assert_close(compiled(x), backbone(x), rtol=1e-4, atol=1e-4)
