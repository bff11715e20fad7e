"""Weights of every related network are fitted, however they are loaded."""

import copy
import re

import pytest
import torch
from mmaction.models.backbones.resnet import ResNet
from mmaction.models.backbones.resnet_tin import ResNetTIN
from mmaction.models.backbones.resnet_tsm import ResNetTSM
from mmaction.registry import MODELS
from mmengine.model import ExponentialMovingAverage
from mmengine.runner.checkpoint import load_checkpoint

from mmtin.checkpoint import fitting
from mmtin.errors import UserError
from mmtin.models import TINResNet

T = 4
SOURCES = {
    'torchvision': ResNet,
    'ResNet': ResNet,
    'ResNetTSM': lambda depth: ResNetTSM(depth, num_segments=T),
    'ResNetTIN': lambda depth: ResNetTIN(depth, num_segments=T, shift_div=4),
}
sources = pytest.mark.parametrize('source', SOURCES)


def randomise(module):
    """Set numbers that no initialisation gives, also in the statistics of BatchNorm, to recognise them."""
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.uniform_(0.01, 0.05)
    return module


def torchvision_names(weights):
    """The state dict of MMAction2's ResNet as torchvision writes it, classifier included."""
    renamed = {}
    for key, value in weights.items():
        key = re.sub(r'downsample\.conv', 'downsample.0', key)
        key = re.sub(r'downsample\.bn', 'downsample.1', key)
        key = re.sub(r'conv(\d)\.bn', r'bn\1', key)
        renamed[re.sub(r'conv(\d)\.conv', r'conv\1', key)] = value
    classes = {'fc.weight': torch.zeros(1000, 512), 'fc.bias': torch.zeros(1000)}
    return renamed | classes


def weights_of(source):
    """A state dict of ``source`` as its own software writes it, and the network that holds it."""
    network = randomise(SOURCES[source](18))
    weights = network.state_dict()
    return (torchvision_names(weights) if source == 'torchvision' else weights), network


def plain(weights):
    """The weights of the 2D network that all have, under its names."""
    return {
        key.replace('.net2.', '.').replace('.net.', '.'): value
        for key, value in weights.items()
        if '.net1.' not in key
    }


def assert_carries(backbone, network):
    """Every weight of ``network`` has arrived in ``backbone``."""
    actual, expected = backbone.state_dict(), network.state_dict()
    if isinstance(network, ResNetTIN):
        assert actual.keys() == expected.keys()
    else:
        actual, expected = plain(actual), plain(expected)
    assert actual.keys() == expected.keys()
    for key, value in expected.items():
        assert torch.equal(actual[key], value), key


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(fitting, 'print_log', lambda text, logger: lines.append(text))
    return lines


def save(weights, path, envelope):
    """Write a file as torchvision (bare) or mmengine would (with 'state_dict', of a recognizer, of DDP)."""
    if 'recognizer' in envelope:
        weights = {f'backbone.{key}': value for key, value in weights.items()}
        weights['cls_head.fc_cls.weight'] = torch.zeros(5, 512)
    if 'module' in envelope:
        weights = {f'module.{key}': value for key, value in weights.items()}
    torch.save(weights if envelope == 'bare' else {'meta': {'epoch': 3}, 'state_dict': weights}, path)
    return str(path)


@sources
@pytest.mark.parametrize('envelope', ['bare', 'state_dict', 'module', 'recognizer', 'module recognizer'])
def test_pretrained(tmp_path, source, envelope):
    weights, network = weights_of(source)
    path = save(weights, tmp_path / 'weights.pth', envelope)
    backbone = TINResNet(18, num_segments=T, pretrained=path)
    backbone.init_weights()
    assert_carries(backbone, network)


@sources
def test_init_cfg_with_a_prefix(tmp_path, source):
    weights, network = weights_of(source)
    path = save(weights, tmp_path / 'weights.pth', 'recognizer')
    init_cfg = {'type': 'Pretrained', 'checkpoint': path, 'prefix': 'backbone.'}
    backbone = TINResNet(18, num_segments=T, init_cfg=init_cfg)
    backbone.init_weights()
    assert_carries(backbone, network)


@sources
def test_init_cfg_of_a_backbone(tmp_path, source):
    weights, network = weights_of(source)
    path = save(weights, tmp_path / 'weights.pth', 'module')
    backbone = TINResNet(18, num_segments=T, init_cfg={'type': 'Pretrained', 'checkpoint': path})
    backbone.init_weights()
    assert_carries(backbone, network)


def recognizer(**backbone):
    return MODELS.build(
        {
            'type': 'mmaction.Recognizer2D',
            'backbone': {'type': 'TINResNet', 'depth': 18, 'num_segments': T, **backbone},
            'cls_head': {'type': 'TSMHead', 'num_segments': T, 'num_classes': 5, 'in_channels': 512},
        }
    )


@sources
@pytest.mark.parametrize('envelope', ['recognizer', 'module recognizer'])
def test_load_from(tmp_path, source, envelope):
    """What ``load_from`` of a config and ``mim test`` do."""
    weights, network = weights_of(source)
    model = recognizer()
    load_checkpoint(model, save(weights, tmp_path / 'weights.pth', envelope), map_location='cpu')
    assert_carries(model.backbone, network)
    assert model.cls_head.fc_cls.weight.count_nonzero() == 0


@sources
def test_the_2d_network_computes_what_its_source_does(source):
    weights, _ = weights_of(source)
    backbone, network = TINResNet(18, is_tin=False), ResNet(18)
    backbone.load_state_dict(weights, strict=False)
    network.load_state_dict(plain(weights) if source != 'torchvision' else plain(backbone.state_dict()))
    backbone.eval(), network.eval()
    x = torch.randn(T, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(backbone(x), network(x))


def test_same_shapes_do_not_change_places(log):
    """Blocks repeat shapes, so that a wrong name would load without an error."""
    backbone = TINResNet(18, num_segments=T)
    names = torchvision_names(ResNet(18).state_dict())
    weights = {key: torch.full(value.shape, float(i)) for i, (key, value) in enumerate(names.items())}
    order = {key: float(i) for i, key in enumerate(names)}
    backbone.load_state_dict(weights, strict=False)
    state = backbone.state_dict()
    assert state['layer2.1.conv1.conv.net2.weight'].unique().item() == order['layer2.1.conv1.weight']
    assert state['layer2.1.conv2.conv.weight'].unique().item() == order['layer2.1.conv2.weight']
    assert state['layer2.1.conv2.bn.weight'].unique().item() == order['layer2.1.bn2.weight']
    assert (
        state['layer3.0.downsample.bn.running_var'].unique().item()
        == order['layer3.0.downsample.1.running_var']
    )
    assert state['conv1.bn.running_mean'].unique().item() == order['bn1.running_mean']


def test_source_is_left_alone():
    weights, _ = weights_of('torchvision')
    before = list(weights)
    TINResNet(18, num_segments=T).load_state_dict(weights, strict=False)
    assert list(weights) == before


def test_strict_round_trips(log):
    backbone = randomise(TINResNet(18, num_segments=T))
    theirs, again = ResNetTIN(18, num_segments=T, shift_div=4), TINResNet(18, num_segments=T)
    theirs.load_state_dict(backbone.state_dict(), strict=True)
    again.load_state_dict(theirs.state_dict(), strict=True)
    assert_carries(again, backbone)
    assert log == [f'TINResNet: {len(backbone.state_dict())} tensors loaded from the checkpoint.']


def test_strict_still_notices():
    weights = TINResNet(18, num_segments=T).state_dict()
    missing = {key: value for key, value in weights.items() if key != 'layer1.0.conv2.conv.weight'}
    with pytest.raises(RuntimeError, match=r'Missing key.*layer1\.0\.conv2\.conv\.weight'):
        TINResNet(18, num_segments=T).load_state_dict(missing)
    with pytest.raises(RuntimeError, match=r'Unexpected key.*layer1\.0\.extra'):
        TINResNet(18, num_segments=T).load_state_dict(weights | {'layer1.0.extra': torch.zeros(1)})
    with pytest.raises(RuntimeError, match=r'Missing key.*offset_net'):
        TINResNet(18, num_segments=T).load_state_dict(weights_of('ResNetTSM')[0])


@pytest.mark.parametrize('way', ['pretrained', 'recognizer', 'load_state_dict'])
def test_another_number_of_frames(tmp_path, way):
    weights, _ = weights_of('ResNetTIN')
    with pytest.raises(ValueError, match='clips of 4 frames, expected num_segments=8; set num_segments=4'):
        if way == 'load_state_dict':
            TINResNet(18, num_segments=8).load_state_dict(weights, strict=False)
        elif way == 'recognizer':
            load_checkpoint(recognizer(num_segments=8), save(weights, tmp_path / 'tin.pth', 'recognizer'))
        else:
            path = save(weights, tmp_path / 'tin.pth', 'bare')
            TINResNet(18, num_segments=8, pretrained=path).init_weights()


def test_pooled_clips_are_named_by_their_own_length():
    """After temporal_pool the offset networks of later stages see half the frames."""
    weights = TINResNet(18, num_segments=8, temporal_pool=True).state_dict()
    TINResNet(18, num_segments=8, temporal_pool=True).load_state_dict(weights)
    with pytest.raises(ValueError, match='clips of 8 frames, expected num_segments=4'):
        TINResNet(18, num_segments=4, temporal_pool=True).load_state_dict(weights)


@pytest.mark.parametrize(
    'weights',
    [
        {},
        {'head.weight': torch.zeros(2)},
        {'conv1.weight': torch.zeros(8, 3, 3, 3), 'bn1.num_batches_tracked': 1},
    ],
    ids=['empty', 'other names', 'other shapes'],
)
def test_nothing_fits(weights):
    weights = {key: torch.as_tensor(value) for key, value in weights.items()}
    with pytest.raises(
        ValueError, match='no weight of the checkpoint fits TINResNet depth 18: expected keys like'
    ):
        TINResNet(18).load_state_dict(weights, strict=False)


def test_nothing_fits_in_a_recognizer(tmp_path):
    path = save(weights_of('torchvision')[0], tmp_path / 'bare.pth', 'bare')
    with pytest.raises(ValueError, match=r'expected keys like backbone\.conv1\.conv\.weight, got none;'):
        load_checkpoint(recognizer(), path)


def test_report_names_what_happened(log):
    weights, network = weights_of('torchvision')
    del weights['layer4.1.bn2.weight']
    backbone = TINResNet(18, num_segments=T)
    backbone.load_state_dict(weights, strict=False)
    (report,) = log
    tensors = len(network.state_dict()) - 1
    assert f'TINResNet: {tensors} tensors loaded' in report
    # 8 blocks, each with three layers of two tensors for offsets and one for weights.
    assert 'Initialised anew: 64 of the temporal modules' in report
    assert 'absent from the checkpoint: layer4.1.conv2.bn.weight.' in report
    assert 'Not used, no such layer here: fc.weight, fc.bias.' in report


def test_report_of_a_deeper_checkpoint(log):
    TINResNet(18).load_state_dict(ResNet(34).state_dict(), strict=False)
    assert re.search(
        r'Not used, no such layer here: layer1\.2\.conv1\.conv\.weight, .* and \d+ more\.', log[0]
    )


def test_tin_weights_into_the_2d_network(log):
    weights, _ = weights_of('ResNetTIN')
    TINResNet(18, is_tin=False).load_state_dict(weights, strict=False)
    assert re.search(r'Not used, no such layer here: .*net1\.offset_net.* and 60 more\.', log[0])
    assert 'Initialised anew' not in log[0]


def test_stem_for_another_number_of_channels(log):
    """Optical flow and RGB differ in the first layer alone, which is averaged over the colours."""
    weights, _ = weights_of('torchvision')
    backbone = TINResNet(18, num_segments=T, in_channels=10)
    backbone.load_state_dict(weights, strict=False)
    colours = weights['conv1.weight'].mean(1, keepdim=True)
    assert torch.equal(backbone.conv1.conv.weight, colours.expand(-1, 10, -1, -1))
    assert backbone.conv1.bn.running_mean.allclose(weights['bn1.running_mean'])
    assert 'of another shape' not in log[0] and 'absent from the checkpoint' not in log[0]


def test_flow_into_a_network_of_rgb_is_one_sentence():
    weights = TINResNet(18, num_segments=T, in_channels=10).state_dict()
    with pytest.raises(UserError, match='takes 10 channels, expected one of 3'):
        TINResNet(18, num_segments=T).load_state_dict(weights)


def test_another_number_of_groups(log):
    weights = TINResNet(18, num_segments=T, groups=2).state_dict()
    backbone = TINResNet(18, num_segments=T, groups=1)
    backbone.load_state_dict(weights, strict=False)
    assert 'of another shape' in log[0] and 'fc2.weight [2, 4] -> [1, 4]' in log[0]


def test_copies_and_averages(log):
    model = recognizer()
    twin = copy.deepcopy(model)
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.state_dict().values(), twin.state_dict().values(), strict=True)
    )
    average = ExponentialMovingAverage(model)
    randomise(model)
    for _ in range(2):
        average.update_parameters(model)
    fresh = ExponentialMovingAverage(recognizer())
    fresh.load_state_dict(average.state_dict())
    assert_carries(fresh.module.backbone, average.module.backbone)
    twin.load_state_dict(average.module.state_dict(), strict=True)
