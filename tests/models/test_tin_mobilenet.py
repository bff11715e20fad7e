"""TINMobileNetV2 in the place of MMAction2's MobileNetV2TSM, and the weights that it takes."""

import pytest
import torch
from mmaction.models.backbones.mobilenet_v2 import MobileNetV2
from mmaction.models.backbones.mobilenet_v2_tsm import MobileNetV2TSM
from mmaction.registry import MODELS
from mmengine.hub import get_config

from mmtin.errors import UserError
from mmtin.models import TemporalInterlace, TINMobileNetV2, stream_step


@pytest.fixture(scope='module')
def plain():
    """A 2D network with statistics as a training leaves them."""
    torch.manual_seed(0)
    model = with_statistics(MobileNetV2())
    model.eval()  # returns nothing in MMAction2
    return model


def with_statistics(model):
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.normal_(module.running_mean, std=0.1)
    return model


def torchvision_names(flat):
    """The names that torchvision gives to MobileNetV2's layers, or its forerunner to the same, in order."""
    names = [f'features.0.{i}' for i in range(2)]
    for block in range(1, 18):
        pairs = 2 if block == 1 else 3
        if flat:
            names += [f'features.{block}.conv.{3 * pair + i}' for pair in range(pairs) for i in range(2)]
        else:
            names += [f'features.{block}.conv.{pair}.{i}' for pair in range(pairs - 1) for i in range(2)]
            names += [f'features.{block}.conv.{pairs - 1 + i}' for i in range(2)]
    return names + [f'features.18.{i}' for i in range(2)]


def renamed(state, flat):
    """``state``, in the order of its layers, by the names of torchvision."""
    layers = list(dict.fromkeys(key.rpartition('.')[0] for key in state))
    names = dict(zip(layers, torchvision_names(flat), strict=True))
    return {f'{names[key.rpartition(".")[0]]}.{key.rpartition(".")[2]}': v for key, v in state.items()}


def hold_still(model):
    for module in model.modules():
        if isinstance(module, TemporalInterlace):
            for layer in (module.offset_net.fc2, module.weight_net.conv):
                torch.nn.init.zeros_(layer.weight)
                torch.nn.init.zeros_(layer.bias)
    return model


@pytest.mark.parametrize('flat', [False, True], ids=['torchvision', 'its forerunner'])
def test_starts_from_weights_of_torchvision(plain, flat, tmp_path):
    weights = renamed(plain.state_dict(), flat)
    torch.save(weights | {'classifier.1.weight': torch.zeros(1000, 1280)}, tmp_path / 'mobilenet_v2.pth')
    model = TINMobileNetV2(num_segments=4, pretrained=str(tmp_path / 'mobilenet_v2.pth'))
    model.init_weights()
    frames = torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(hold_still(model).eval()(frames), plain(frames))


@pytest.mark.parametrize('prefix', ['', 'backbone.'])
def test_starts_from_weights_of_mmaction2(plain, prefix, tmp_path):
    tsm = MobileNetV2TSM(num_segments=4, pretrained2d=False)
    for kind, source in dict(plain=plain, tsm=with_statistics(tsm)).items():
        path = tmp_path / f'{kind}.pth'
        torch.save(dict(state_dict={prefix + key: v for key, v in source.state_dict().items()}), path)
        model = TINMobileNetV2(num_segments=4, pretrained=str(path))
        model.init_weights()
        own = [value for key, value in model.state_dict().items() if '.net1.' not in key]
        assert all(a.equal(b) for a, b in zip(own, source.state_dict().values(), strict=True)), kind


def test_is_tin_false_is_the_2d_network(plain):
    for option in (dict(is_tin=False), dict(is_shift=False)):
        model = TINMobileNetV2(**option)
        model.load_state_dict(plain.state_dict())
        frames = torch.randn(2, 3, 32, 32)
        with torch.no_grad():
            torch.testing.assert_close(model.eval()(frames), plain(frames))


def test_interlaces_where_tsm_shifts():
    tsm = MobileNetV2TSM(pretrained2d=False)
    shifted = [name.removesuffix('.net') for name, _ in tsm.named_modules() if name.endswith('.net')]
    model = TINMobileNetV2()
    interlaced = [name for name, module in model.named_modules() if isinstance(module, TemporalInterlace)]
    assert interlaced == [f'{name}.conv.net1' for name in shifted]
    assert len(interlaced) == 10


def test_takes_the_place_of_tsm_by_one_option():
    cfg = get_config(
        'mmaction::recognition/tsm/tsm_imagenet-pretrained-mobilenetv2_8xb16-1x1x8-100e_kinetics400-rgb.py'
    )
    cfg.model.backbone.type = 'TINMobileNetV2'
    recognizer = MODELS.build(cfg.model)
    scores = recognizer(torch.randn(1, 8, 3, 32, 32), mode='tensor')
    assert isinstance(recognizer.backbone, TINMobileNetV2)
    assert recognizer.cls_head(scores, 8).shape == (1, 400)
    assert recognizer.backbone.shift_div == 8


def test_causal_goes_frame_by_frame():
    torch.manual_seed(0)
    model = with_statistics(TINMobileNetV2(6, offsets_per='frame', causal=True, reverse=False)).eval()
    frames = torch.randn(6, 3, 32, 32)
    steps, state = [], None
    with torch.no_grad():
        for frame in frames:
            features, state = stream_step(model, frame[None], state)
            steps.append(features)
        torch.testing.assert_close(torch.cat(steps), model(frames), rtol=1e-5, atol=1e-5)


def test_trains_and_stays_a_module():
    model = TINMobileNetV2(num_segments=2, frozen_stages=1)
    assert model.train() is model
    assert not model.conv1.training
    model(torch.randn(4, 3, 32, 32)).mean().backward()
    assert model.layer2[1].conv[0].conv.net1.offset_net.fc2.weight.grad is not None


def test_other_weights_are_refused():
    with pytest.raises(UserError, match=r'no weight of the checkpoint fits TINMobileNetV2: expected keys'):
        TINMobileNetV2().load_state_dict({'blocks.0.weight': torch.zeros(1)}, strict=False)
