"""A converted checkpoint computes the same as its source, from any of the known software."""

import pytest
import torch
from mmaction.models.backbones.resnet_tin import ResNetTIN
from mmaction.registry import MODELS

from mmtin.checkpoint import fitting
from mmtin.conversion.convert import convert_checkpoint
from mmtin.errors import UserError
from mmtin.models import TINResNet
from tests.conversion.relatives import (
    TSN,
    Averaged,
    TorchvisionResNet,
    frames,
    mmaction2,
    mmaction2_names,
    randomise,
    scores,
)

T, CLASSES = 4, 7
META_0X = {
    'mmaction_version': '0.24.0+',
    'config': "model = dict(type='Recognizer2D', backbone=dict(type='{}', depth=18, num_segments=4))\n"
    'img_norm_cfg = dict(mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0], to_bgr=False)\n',
}


def authors(depth, temporal, every=1):
    return randomise(TSN(depth, T, temporal, CLASSES, every), T)


def mmaction2_2d(backbone):
    return randomise(mmaction2(backbone, T, CLASSES, 512), T)


def deepcs233_tin():
    source = authors(18, 'TIN')
    return source, {'epoch': 3, 'arch': 'resnet18', 'state_dict': source.state_dict(), 'best_prec1': 0.5}


def x_temporal_tin():
    source = authors(50, 'TIN')
    return source, {'epoch': 3, 'model': source.state_dict(), 'lr_scheduler': {}, 'optimizer': {}}


def mmaction2_0x_tin():
    source, checkpoint = deepcs233_tin()
    meta = {**META_0X, 'config': META_0X['config'].format('ResNetTIN')}
    return source, {'meta': meta, 'state_dict': mmaction2_names(checkpoint['state_dict'])}


def mmaction2_1x_tin():
    source, checkpoint = deepcs233_tin()
    return source, {
        'meta': {'mmengine_version': '0.10'},
        'state_dict': mmaction2_names(checkpoint['state_dict']),
    }


def mmaction2_1x_tsm():
    source = mmaction2_2d({'type': 'ResNetTSM', 'depth': 18, 'num_segments': T})
    return source, {'meta': {'mmengine_version': '0.10'}, 'state_dict': source.state_dict()}


def mmaction2_0x_tsm():
    source, checkpoint = mmaction2_1x_tsm()
    return source, checkpoint | {'meta': {**META_0X, 'config': META_0X['config'].format('ResNetTSM')}}


def mmaction2_tsn():
    source = mmaction2_2d({'type': 'ResNet', 'depth': 18})
    return source, {'meta': {'mmengine_version': '0.10'}, 'state_dict': source.state_dict()}


def tsm_release():
    source = authors(50, 'TSM')
    return source, {'epoch': 3, 'arch': 'resnet50', 'state_dict': source.state_dict()}


def tsm_release_in_every_second_block():
    """As its ResNet-101 is."""
    source = authors(18, 'TSM', every=2)
    return source, {'epoch': 3, 'arch': 'resnet18', 'state_dict': source.state_dict()}


def tsn_of_the_tsm_release():
    source = authors(18, 'none')
    return source, {'epoch': 3, 'state_dict': source.state_dict()}


def torchvision():
    source = randomise(Averaged(TorchvisionResNet(18, CLASSES), T), T)
    # As its older files, which count no batches.
    state = {k: v for k, v in source.frames.state_dict().items() if 'num_batches' not in k}
    return source, state


TINS = {
    'deepcs233/TIN TIN': deepcs233_tin,
    'X-Temporal TIN': x_temporal_tin,
    'MMAction2 0.x TIN': mmaction2_0x_tin,
    'MMAction2 TIN': mmaction2_1x_tin,
}
OTHERS = {
    'MMAction2 TSM': mmaction2_1x_tsm,
    'MMAction2 0.x TSM': mmaction2_0x_tsm,
    'MMAction2 2D': mmaction2_tsn,
    "TSM's release: TSM": tsm_release,
    "TSM's release: TSM ": tsm_release_in_every_second_block,
    "TSM's release: 2D": tsn_of_the_tsm_release,
    'torchvision 2D': torchvision,
}

TWO_D = ('MMAction2 2D', "TSM's release: 2D", 'torchvision 2D')


def in_data_parallel(checkpoint):
    """The same, as DataParallel names weights."""
    name = next((name for name in ('state_dict', 'model') if name in checkpoint), None)
    state = checkpoint[name] if name else checkpoint
    renamed = {f'module.{key}': value for key, value in state.items()}
    return checkpoint | {name: renamed} if name else renamed


def build(checkpoint):
    """The recognizer of the checkpoint's ``meta``, loaded strictly."""
    recognizer = MODELS.build(checkpoint['meta']['model'])
    recognizer.load_state_dict(checkpoint['state_dict'], strict=True)
    return recognizer.eval()


@torch.no_grad()
@pytest.mark.parametrize('kind', [*TINS, *OTHERS])
def test_same_input_same_logits(kind):
    source, checkpoint = (TINS | OTHERS)[kind]()
    fill = 'source' if kind in OTHERS else None
    done = convert_checkpoint(checkpoint, T, fill=fill)
    assert done.checkpoint['meta']['source'] == kind.strip()
    # In double precision: so many random layers magnify rounding in single precision.
    source, x = source.double(), frames(2, T).double()
    expected = scores(source, x)
    torch.testing.assert_close(scores(build(done.checkpoint).double(), x), expected, rtol=1e-5, atol=1e-5)
    if kind not in TWO_D:
        backwards = x.unflatten(0, (-1, T)).flip(1).flatten(0, 1)
        assert (scores(source, backwards) - expected).abs().max() > 0.02, 'the source must see time'

    again = convert_checkpoint(in_data_parallel(checkpoint), T, fill=fill).checkpoint
    assert again['meta'] == done.checkpoint['meta']
    for key, value in done.checkpoint['state_dict'].items():
        assert torch.equal(again['state_dict'][key], value), key


def test_mmaction2_names_are_those_of_its_network():
    """The assumption of the renamed sources above."""
    own = mmaction2({'type': 'ResNetTIN', 'depth': 18, 'num_segments': T}, T, CLASSES, 512)
    assert mmaction2_1x_tin()[1]['state_dict'].keys() == own.state_dict().keys()


def test_fewer_stages_are_taken_where_the_config_states_them():
    stages = {'num_stages': 3, 'out_indices': (2,), 'strides': (1, 2, 2), 'dilations': (1, 1, 1)}
    backbone = {'type': 'TINResNet', 'depth': 18, 'num_segments': T, **stages}
    own = mmaction2(backbone, T, CLASSES, 256)
    meta = {'model': {'type': 'Recognizer2D', 'backbone': backbone}}
    done = convert_checkpoint({'meta': meta, 'state_dict': own.state_dict()}, 2 * T)
    converted = build(done.checkpoint)
    assert converted.backbone.num_segments == 2 * T and not hasattr(converted.backbone, 'layer4')
    with pytest.raises(UserError, match='a checkpoint of an unknown kind'):
        convert_checkpoint({'meta': {}, 'state_dict': own.state_dict()})


@pytest.mark.parametrize('kind', TINS)
def test_offsets_of_the_releases_end_at_2_frames(kind):
    meta = convert_checkpoint(TINS[kind]()[1]).checkpoint['meta']
    assert meta['max_offset'] == meta['model']['backbone']['max_offset'] == 2.0
    assert meta['num_segments'] == T and meta['model']['cls_head']['num_classes'] == CLASSES


def test_every_weight_that_has_a_place_is_kept():
    _, checkpoint = deepcs233_tin()
    done = convert_checkpoint(checkpoint)
    assert sorted(move.source for move in done.moves) == sorted(checkpoint['state_dict'])
    assert {move.action for move in done.moves} == {'renamed'}
    backbone = {k: v for k, v in done.checkpoint['state_dict'].items() if k.startswith('backbone.')}
    theirs = ResNetTIN(18, num_segments=T, shift_div=4)
    theirs.load_state_dict({k.removeprefix('backbone.'): v for k, v in backbone.items()}, strict=True)


def test_normalisation_comes_with_the_checkpoint():
    done = convert_checkpoint(mmaction2_0x_tin()[1]).checkpoint
    assert done['meta']['model']['data_preprocessor']['mean'] == [1.0, 2.0, 3.0]
    assert convert_checkpoint(deepcs233_tin()[1]).checkpoint['meta']['model']['data_preprocessor'] == {
        'type': 'ActionDataPreprocessor',
        'mean': pytest.approx([255 * 0.485, 255 * 0.456, 255 * 0.406]),
        'std': pytest.approx([255 * 0.229, 255 * 0.224, 255 * 0.225]),
        'format_shape': 'NCHW',
    }


def test_a_config_that_wants_to_run_is_only_read(tmp_path):
    ran = tmp_path / 'ran'
    checkpoint = mmaction2_1x_tin()[1]
    checkpoint['meta']['cfg'] = (
        f'import pathlib\npathlib.Path({str(ran)!r}).touch()\nmodel = eval("{{}}")\n'
    )
    convert_checkpoint(checkpoint)
    assert not ran.exists()


@pytest.mark.parametrize('kind', ['MMAction2 0.x TSM', 'torchvision 2D'])
def test_unfilled_layers_are_refused(kind):
    with pytest.raises(UserError, match=r'leaves 64 weights unfilled, .*offset_net.*--fill initial'):
        convert_checkpoint(OTHERS[kind]()[1])


def test_unfilled_layers_start_as_initialised():
    _, checkpoint = torchvision()
    done, again = (convert_checkpoint(checkpoint, fill='initial') for _ in range(2))
    assert done.checkpoint['meta']['max_offset'] == 4.0
    state = done.checkpoint['state_dict']
    fc2 = state['backbone.layer1.0.conv1.conv.net1.offset_net.fc2.bias']
    torch.testing.assert_close(fc2, torch.full((2,), 5 / 3).log())  # 1 of 4 frames
    assert sum(move.action == 'filled' for move in done.moves) == 64
    assert all(torch.equal(value, again.checkpoint['state_dict'][key]) for key, value in state.items())
    assert 'The file does not say how many frames' in ' '.join(done.notes)


def test_own_checkpoints_keep_their_largest_offset():
    """The keys are those of MMAction2's network, whose offsets end at 2 frames."""
    state = {f'backbone.{k}': v for k, v in TINResNet(18, groups=1, reverse=False).state_dict().items()}
    config = "model = dict(backbone=dict(type='TINResNet', depth=18, reverse=False))"
    done = convert_checkpoint({'meta': {'cfg': config}, 'state_dict': state}).checkpoint['meta']
    assert done['source'] == 'mmtin TIN' and done['max_offset'] == 4.0
    backbone = done['model']['backbone']
    assert (backbone['groups'], backbone['reverse'], backbone['num_segments']) == (1, False, 8)
    assert 'cls_head' not in done['model']


def test_converted_twice_is_converted_once():
    done = convert_checkpoint(deepcs233_tin()[1])
    again = convert_checkpoint(done.checkpoint)
    assert again.checkpoint['meta'] == done.checkpoint['meta'] | {'source': 'mmtin TIN'}
    assert {move.action for move in again.moves} == {'kept'}


def test_only_some_stages_interlace():
    state = TINResNet(18, num_segments=T, interlace_stages=(2, 3)).state_dict()
    done = convert_checkpoint(state, 2 * T).checkpoint
    assert done['meta']['model']['backbone']['interlace_stages'] == [2, 3]
    backbone = {k.removeprefix('backbone.'): v for k, v in done['state_dict'].items()}
    TINResNet(18, num_segments=2 * T, interlace_stages=(2, 3)).load_state_dict(backbone, strict=True)


def test_pooled_clips_are_adapted_by_their_own_length():
    state = TINResNet(18, num_segments=T, temporal_pool=True).state_dict()
    done = convert_checkpoint(state, 2 * T).checkpoint
    backbone = {k.removeprefix('backbone.'): v for k, v in done['state_dict'].items()}
    TINResNet(18, num_segments=2 * T, temporal_pool=True).load_state_dict(backbone, strict=True)
    assert done['state_dict']['backbone.layer2.net.0.conv1.conv.net1.offset_net.fc1.bias'].shape == (T,)


def test_optical_flow_is_not_normalised_as_rgb():
    state = TorchvisionResNet(18, in_channels=10).state_dict()
    done = convert_checkpoint(state, fill='initial')
    assert done.checkpoint['meta']['model']['backbone']['in_channels'] == 10
    assert 'mean' not in done.checkpoint['meta']['model']['data_preprocessor']
    assert any('sees 10 channels' in note for note in done.notes)


@pytest.mark.parametrize('kind', ['deepcs233/TIN TIN', 'X-Temporal TIN', "TSM's release: 2D"])
def test_pretrained_takes_the_same_files(tmp_path, monkeypatch, kind):
    log = []
    monkeypatch.setattr(fitting, 'print_log', lambda text, logger: log.append(text))
    _, checkpoint = (TINS | OTHERS)[kind]()
    torch.save(in_data_parallel(checkpoint), tmp_path / 'source.pth')
    meta, state = convert_checkpoint(checkpoint, T, fill='initial').checkpoint.values()
    backbone = TINResNet(meta['model']['backbone']['depth'], T, pretrained=str(tmp_path / 'source.pth'))
    backbone.init_weights()
    for key, value in backbone.state_dict().items():
        assert torch.equal(state[f'backbone.{key}'], value) or (kind not in TINS and '.net1.' in key), key
    assert 'limited to 2.0 frames' not in log[0], 'T / 2 of 4 frames is 2'
    if kind in TINS:
        TINResNet(18, T, max_offset=4.0).load_state_dict(TSN(18, T, 'TIN', 2).state_dict(), strict=False)
        assert 'limited to 2.0 frames, those of this backbone to 4.0' in log[1]


def rename(old, new):
    state = authors(18, 'none').state_dict()
    return {'state_dict': {key.replace(old, new): value for key, value in state.items()}}


@pytest.mark.parametrize(
    'checkpoint, sentence',
    [
        (lambda: {'epoch': 3}, 'of an unknown kind, with no weights'),
        (
            lambda: {'features.0.weight': torch.zeros(3)},
            'of an unknown kind, with keys like features.0.weight',
        ),
        (lambda: rename('layer4.1', 'layer4.7'), r'lacks 10 weights of a ResNet-18.*layer4\.1'),
        (lambda: rename('layer3.0.', 'layer3.0.net.'), 'it shifts whole blocks; take --fill initial'),
        (lambda: rename('conv2.weight', 'conv2.net.weight'), 'it shifts before conv2 too'),
    ],
)
def test_bad_checkpoints(checkpoint, sentence):
    fill = 'source' if 'shifts' in sentence else None
    with pytest.raises(UserError, match=sentence):
        convert_checkpoint(checkpoint(), fill=fill)


def test_a_3d_network_is_refused():
    state = TorchvisionResNet(18).state_dict()
    state['conv1.weight'] = torch.zeros(64, 3, 5, 7, 7)
    with pytest.raises(UserError, match=r'conv1.weight is \[64, 3, 5, 7, 7\], expected \[64, 3, 7, 7\]'):
        convert_checkpoint(state, fill='initial')


def test_a_range_of_a_frame_or_less_starts_within_it():
    """The backbone's own default, 1 frame, would be out of reach."""
    done = convert_checkpoint(torchvision()[1], fill='initial', max_offset=0.8)
    assert done.checkpoint['meta']['model']['backbone']['initial_offset'] == pytest.approx(0.2)
    assert (
        'initial_offset'
        not in convert_checkpoint(torchvision()[1], fill='initial').checkpoint['meta']['model']['backbone']
    )
