"""Sources that compute with more than a ResNet: converted whole, or refused in one sentence."""

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from torch import nn

from mmtin.checkpoint import backbone_weights
from mmtin.conversion.convert import convert_checkpoint
from mmtin.errors import UserError
from tests.conversion.relatives import TSN, frames, mmaction2, randomise, scores
from tests.conversion.test_conversion import build

T, CLASSES = 4, 7
PLACES = ((0, 0, 0), (1, 0, 1, 0), (0, 1, 0, 0, 0, 0), (0, 0, 0))


def of_mmaction2(stated=True, **backbone):
    """A TSM, and its checkpoint with the config or without."""
    backbone = dict(type='ResNetTSM', depth=50, num_segments=T, **backbone)
    source = mmaction2(copy.deepcopy(backbone), T, CLASSES, 2048)
    for name, weight in source.named_parameters():
        if 'non_local_block' in name and weight.ndim > 1:  # at first they give 0
            nn.init.normal_(weight, std=weight.shape[1] ** -0.5)
    randomise(source, T)
    cfg = Config(dict(model=dict(backbone=backbone))).pretty_text if stated else ''
    return source, {'meta': {'cfg': cfg}, 'state_dict': source.state_dict()}


def with_non_local(stated=True, temporal_pool=False, **non_local):
    """As the stock configs tsm_imagenet-pretrained-r50-nl-* have it."""
    return of_mmaction2(stated, non_local=PLACES, non_local_cfg=non_local, temporal_pool=temporal_pool)


def released(temporal):
    """By TSM's authors, and by those of TIN who took over their code."""
    source = randomise(TSN(50, T, temporal, CLASSES, non_local=((1, 0), (1, 2), (2, 1))), T)
    return source, {'epoch': 3, 'arch': 'resnet50', 'state_dict': source.state_dict()}


BN3D = dict(type='BN3d', requires_grad=True)
SOURCES = {
    'embedded Gaussian': lambda: with_non_local(
        mode='embedded_gaussian', sub_sample=True, use_scale=False, norm_cfg=BN3D
    ),
    'scaled, whole': lambda: with_non_local(norm_cfg=BN3D, reduction=4),
    'dot product': lambda: with_non_local(
        mode='dot_product', sub_sample=True, use_scale=False, norm_cfg=BN3D
    ),
    'Gaussian': lambda: with_non_local(mode='gaussian', sub_sample=True, stated=False),
    'concatenation': lambda: with_non_local(mode='concatenation', norm_cfg=BN3D, stated=False),
    "TSM's release": lambda: released('TSM'),
    'deepcs233/TIN': lambda: released('TIN'),
}


@torch.no_grad()
@pytest.mark.parametrize('source', SOURCES.values(), ids=SOURCES)
def test_non_local_blocks_are_converted(source):
    source, checkpoint = source()
    done = convert_checkpoint(checkpoint, T, fill='source')
    assert not [move for move in done.moves if move.action == 'dropped']
    source, x = source.double(), frames(2, T).double()
    expected = scores(source, x)
    torch.testing.assert_close(scores(build(done.checkpoint).double(), x), expected, rtol=1e-4, atol=1e-4)
    for name, weight in source.named_parameters():
        if 'non_local' in name or '.nl.' in name:
            weight.zero_()
    assert (scores(source, x) - expected).abs().max() > 0.02, 'the blocks must matter'

    backbone, again = (
        c['meta']['model']['backbone']
        for c in (done.checkpoint, convert_checkpoint(done.checkpoint).checkpoint)
    )
    assert backbone.items() <= again.items(), 'converted again, it must say the same'


def test_pretrained_takes_the_blocks_of_the_release():
    _, checkpoint = released('TSM')
    meta, state = convert_checkpoint(checkpoint, T, fill='initial').checkpoint.values()
    backbone = MODELS.build(meta['model']['backbone'])
    backbone.load_state_dict(backbone_weights(checkpoint), strict=False)
    non_local = {key: value for key, value in backbone.state_dict().items() if 'non_local' in key}
    assert len(non_local) == 3 * 12
    for key, value in non_local.items():
        assert torch.equal(state[f'backbone.{key}'], value), key


@torch.no_grad()
def test_strides_of_caffe_are_kept():
    source, checkpoint = of_mmaction2(style='caffe')
    done = convert_checkpoint(checkpoint, T, fill='source')
    source, x = source.double(), frames(2, T).double()
    ours = scores(build(done.checkpoint).double(), x)
    torch.testing.assert_close(ours, scores(source, x), rtol=1e-4, atol=1e-4)


def with_other_weights(*names):
    _, checkpoint = of_mmaction2()
    checkpoint['state_dict'] |= {name: torch.ones(2) for name in names}
    return checkpoint


REFUSED = {
    'unknown pairwise function': (
        lambda: with_non_local(sub_sample=True, stated=False)[1],
        r'\d+ of its weights have no place in a TINResNet, such as backbone.layer2.0.non_local_block.*'
        'does not say how its non-local blocks compare positions; take --fill initial',
    ),
    'temporal pool': (
        lambda: with_non_local(mode='gaussian', temporal_pool=True)[1],
        'its non-local blocks mix clips.*; take --fill initial',
    ),
    'a neck': (
        lambda: with_other_weights('neck.conv.weight', 'neck.conv.bias'),
        'a TINResNet would compute something else than the checkpoint .MMAction2 TSM.: 2 of its weights '
        'have no place in a TINResNet, such as neck.conv.weight; take --fill initial',
    ),
    'attention': (
        lambda: with_other_weights('backbone.layer1.0.se.weight'),
        'such as backbone.layer1.0.se.weight; take --fill initial',
    ),
}


@pytest.mark.parametrize('checkpoint, sentence', REFUSED.values(), ids=REFUSED)
def test_what_would_compute_something_else_is_refused(checkpoint, sentence):
    checkpoint = checkpoint()
    with pytest.raises(UserError, match=sentence) as caught:
        convert_checkpoint(checkpoint, T, fill='source')
    assert '\n' not in str(caught.value)
    done = convert_checkpoint(checkpoint, T, fill='initial')
    dropped = [move.source for move in done.moves if move.action == 'dropped']
    assert not dropped or f'{len(dropped)} weights have no place in a TINResNet' in ' '.join(done.notes)


def test_a_tin_with_more_is_refused_too():
    """It needs no --fill, and is expected to compute the same."""
    checkpoint = TSN(18, T, 'TIN', CLASSES).state_dict()
    checkpoint['base_model.layer1.0.se.weight'] = torch.ones(2)
    with pytest.raises(UserError, match=r'\(deepcs233/TIN TIN\): 1 of its weights.*; take --fill initial'):
        convert_checkpoint(checkpoint)
    convert_checkpoint(checkpoint, fill='initial')


def test_a_head_that_is_left_out_does_not_matter_to_a_backbone():
    """That of TRN classifies the clip, and its `new_fc` narrows features of frames."""
    state = TSN(18, T, 'none', 8).state_dict()
    state['consensus.classifier.weight'] = torch.ones(3, 3)
    done = convert_checkpoint({'state_dict': state}, T, fill='source')
    assert 'cls_head' not in done.checkpoint['meta']['model']
    assert sum(move.action == 'dropped' for move in done.moves) == 3
