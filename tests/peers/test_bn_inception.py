"""BNInception and ECO: the networks of the releases, to the last parameter."""

import pytest
import torch
from mmaction.registry import MODELS

from mmtin.errors import UserError
from mmtin.peers import ECO, BNInception, recognizer_weights
from tests.peers import releases

T = 4
FRAMES = (2 * T, 3, 32, 32)


def parameters(backbone: dict, head: dict, num_classes: int) -> int:
    with torch.device('meta'):
        recognizer = MODELS.build(
            dict(type='Recognizer2D', backbone=backbone, cls_head=dict(num_classes=num_classes, **head))
        )
    return sum(parameter.numel() for parameter in recognizer.parameters())


TSN = dict(type='TSNHead', in_channels=1024)
TRN = dict(type='TRNHead', in_channels=1024)
INCEPTION = dict(type='BNInception')


@pytest.mark.parametrize(
    'backbone, head, of_400, of_174',
    [
        (INCEPTION, TSN, 10_680_240, 10_448_590),
        (INCEPTION, TRN, 13_547_792, 13_141_218),
        (INCEPTION | dict(in_channels=10), TRN, 13_569_744, 13_163_170),
        (dict(type='ECO', num_segments=8), dict(type='ECOHead', in_channels=1536), 47_502_128, 47_154_766),
        (
            dict(type='ECO', num_segments=16, lite=True),
            dict(type='ECOHead', in_channels=512),
            37_503_856,
            37_387_918,
        ),
    ],
    ids=['TSN', 'TRN', 'TRN of flow', 'ECO', 'ECO Lite'],
)
def test_parameters_are_counted_to_the_last(backbone, head, of_400, of_174):
    """With 400 classes they are those that the papers publish, in millions."""
    assert parameters(backbone, head, 400) == of_400
    assert parameters(backbone, head, 174) == of_174


def test_published_trn_has_a_network_for_each_relation():
    """The 18.3M of the paper: one of 8 frames and three each of 7 to 2, where the code has one of each."""
    with torch.device('meta'):
        head = MODELS.build(dict(TRN, num_classes=400))
    sizes = [sum(p.numel() for p in fusion.parameters()) for fusion in head.consensus.fc_fusion_scales]
    own = parameters(INCEPTION, TRN, 400) + 2 * sum(sizes[1:])
    assert own == 18_323_408


@pytest.fixture(scope='module')
def inception():
    torch.manual_seed(0)
    return releases.bn_inception()


@pytest.fixture(scope='module')
def frames():
    return torch.randn(FRAMES, generator=torch.Generator().manual_seed(1))


def loaded(backbone, weights, tmp_path):
    """The backbone with ``pretrained`` weights, which are saved for it."""
    torch.save(weights, tmp_path / 'release.pth')
    backbone.pretrained = str(tmp_path / 'release.pth')
    backbone.init_weights()
    return backbone.eval()


def as_tsn(state: dict) -> dict:
    """As TSN's repository saves it, and TRN's and ECO's, which started from it."""
    state = {f'module.base_model.{key}': value for key, value in state.items()}
    return {'epoch': 1, 'state_dict': state | {'module.new_fc.weight': torch.ones(5, 7)}}


def as_caffe(state: dict) -> dict:
    """As converted from Caffe: BatchNorm has two dimensions. The classifier is of ImageNet."""
    state = {key: value[None] if '_bn.' in key else value for key, value in state.items()}
    return state | {'fc.weight': torch.ones(5, 7), 'fc.bias': torch.ones(5)}


def as_cadene(state: dict) -> dict:
    return state | {'last_linear.weight': torch.ones(5, 7), 'last_linear.bias': torch.ones(5)}


@pytest.mark.parametrize('form', [as_tsn, as_caffe, as_cadene])
def test_bn_inception_is_the_released_one(form, inception, frames, tmp_path):
    backbone = loaded(BNInception(), form(inception), tmp_path)
    release = releases.Released(inception)
    with torch.inference_mode():
        torch.testing.assert_close(backbone(frames), release.frames(release.stem(frames)))
    assert set(backbone.state_dict()) - set(inception) == {
        key for key in backbone.state_dict() if key.endswith('num_batches_tracked')
    }


@pytest.mark.parametrize('lite', [False, True], ids=['full', 'Lite'])
def test_eco_is_the_released_one(lite, frames, tmp_path):
    state = releases.eco(lite)
    backbone = loaded(ECO(T, lite), as_tsn(state), tmp_path)
    release = releases.Released(state)
    with torch.inference_mode():
        found = backbone(frames)
        below = release.frames(release.stem(frames), '3a', '3b')
        clips = release.clips(release.inner(below).unflatten(0, (-1, T)).transpose(1, 2))
        torch.testing.assert_close(found if lite else found[1], clips)
        if not lite:
            above = release.frames(below, *('3c', '4a', '4b', '4c', '4d', '4e', '5a', '5b'))
            torch.testing.assert_close(found[0], above)


def test_eco_starts_from_a_network_of_images(inception, frames, tmp_path):
    backbone = loaded(ECO(T, lite=True), as_cadene(inception), tmp_path)
    assert torch.equal(backbone.inception_3b_3x3.weight, inception['inception_3b_3x3.weight'])
    with torch.inference_mode():
        assert backbone(frames).isfinite().all()


def test_flow_starts_from_the_mean_of_rgb(inception, tmp_path):
    backbone = loaded(BNInception(in_channels=10), as_tsn(inception), tmp_path)
    first = inception['conv1_7x7_s2.weight'].mean(1, keepdim=True)
    assert torch.equal(backbone.conv1_7x7_s2.weight, first.expand(-1, 10, -1, -1))


def test_release_of_a_recognizer_loads_strictly(inception):
    recognizer = MODELS.build(
        dict(type='Recognizer2D', backbone=INCEPTION, cls_head=dict(TRN, num_classes=5))
    )
    consensus = {
        f'module.consensus.{key}': torch.zeros_like(value)
        for key, value in recognizer.cls_head.consensus.state_dict().items()
    }
    classifier = {'module.new_fc.weight': torch.ones(256, 1024), 'module.new_fc.bias': torch.ones(256)}
    checkpoint = {'state_dict': as_tsn(inception)['state_dict'] | consensus | classifier}
    recognizer.load_state_dict(recognizer_weights(checkpoint))
    assert (recognizer.cls_head.fc_cls.weight == 1).all()
    assert torch.equal(recognizer.backbone.conv2_3x3.weight, inception['conv2_3x3.weight'])


def without(state: dict, key: str) -> dict:
    return {name: value for name, value in state.items() if name != key}


@pytest.mark.parametrize(
    'build, change, fault',
    [
        (BNInception, lambda s: without(s, 'inception_4e_3x3.bias'), 'lacks inception_4e_3x3.bias'),
        (BNInception, lambda s: {'conv1.weight': torch.ones(2)}, 'no BNInception .* it lacks'),
        (
            BNInception,
            lambda s: s | {'conv1_7x7_s2.weight': torch.ones(64, 10, 7, 7)},
            'takes 10 channels, expected one of 3',
        ),
        (
            BNInception,
            lambda s: s | {'conv2_3x3.weight': torch.ones(192, 64, 1, 1)},
            'is of another network',
        ),
        (lambda: ECO(T, lite=True), lambda s: s | {'res3a_1.weight': torch.ones(2)}, 'no ECO .* lacks res'),
    ],
    ids=['a layer is missing', 'foreign', 'flow', 'shape', 'other ECO'],
)
def test_faulty_weights_are_one_sentence(build, change, fault, inception, tmp_path):
    with pytest.raises(UserError, match=fault):
        loaded(build(), change(inception), tmp_path)


def test_frames_that_eco_cannot_halve_are_one_sentence():
    with pytest.raises(UserError, match='a multiple of 4; got num_segments=6'):
        ECO(6)
    with pytest.raises(UserError, match='got 6 frames, no whole clips of num_segments=4'):
        ECO(4, lite=True)(torch.zeros(6, 3, 32, 32))


def test_partial_bn_freezes_all_but_the_first_of_the_frames():
    backbone = ECO(T, lite=True, partial_bn=True).train()
    norms = {name: module for name, module in backbone.named_modules() if name.endswith('_bn')}
    trained = {name for name, norm in norms.items() if norm.training and norm.weight.requires_grad}
    frozen = {name for name, norm in norms.items() if not norm.training and not norm.weight.requires_grad}
    assert trained == {name for name in norms if name.startswith('res')} | {'conv1_7x7_s2_bn'}
    assert trained | frozen == norms.keys()


def test_eco_head_counts_frames_and_clip():
    head = MODELS.build(dict(type='ECOHead', num_classes=3, in_channels=6)).eval()
    frames, clips = torch.randn(2 * T, 4, 2, 2), torch.randn(2, 2, 1, 3, 3)
    means = torch.stack([frames[:T].mean((0, 2, 3)), frames[T:].mean((0, 2, 3))])
    expected = head.fc_cls(torch.cat([means, clips.mean((2, 3, 4))], 1))
    torch.testing.assert_close(head((frames, clips)), expected)
