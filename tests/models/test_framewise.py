"""FramewiseBackbone: the features of a 2D backbone for each frame, clip by clip."""

import pytest
import torch

from mmtin.errors import UserError
from mmtin.models import FramewiseBackbone, TINResNet

BACKBONES = {
    'TINResNet': dict(num_segments=4),
    'ResNetTSM': dict(num_segments=4, pretrained2d=False),
    'ResNet': {},
}


@pytest.mark.parametrize('kind', BACKBONES)
def test_is_the_backbone_on_every_frame(kind):
    model = FramewiseBackbone(dict(type=kind, depth=18, out_indices=(2, 3), **BACKBONES[kind])).eval()
    clips = torch.randn(2, 3, 4, 64, 48)
    with torch.no_grad():
        features = model(clips)
        expected = model.backbone(torch.stack([clip[:, t] for clip in clips for t in range(4)]))
    assert [list(feature.shape) for feature in features] == [[2, 256, 4, 4, 3], [2, 512, 4, 2, 2]]
    for feature, frames in zip(features, expected, strict=True):
        for clip in range(2):
            for t in range(4):
                assert torch.equal(feature[clip, :, t], frames[4 * clip + t])


def test_loads_the_backbone_of_a_recognizer(tmp_path):
    source = TINResNet(18, num_segments=4)
    weights = {f'backbone.{key}': value for key, value in source.state_dict().items()}
    torch.save(dict(state_dict=weights | {'cls_head.fc_cls.bias': torch.zeros(2)}), tmp_path / 'tin.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'tin.pth'), prefix='backbone.')
    model = FramewiseBackbone(dict(type='TINResNet', depth=18, num_segments=4, init_cfg=init_cfg))
    model.init_weights()
    for key, value in source.state_dict().items():
        assert torch.equal(model.state_dict()[f'backbone.{key}'], value), key


def test_another_number_of_frames_is_refused():
    model = FramewiseBackbone(dict(type='TINResNet', depth=18, num_segments=4))
    with pytest.raises(UserError, match=r'clips of 8 frames, .* num_segments=4; set both'):
        model(torch.randn(1, 3, 8, 32, 32))
