"""InterlacedBackbone: any 2D backbone of MMAction2 as a TIN."""

import pytest
import torch
from mmaction.registry import MODELS

from mmtin.config import Config, match_num_segments
from mmtin.errors import UserError
from mmtin.models import InterlacedBackbone, TemporalInterlace, TINResNet


def test_mmaction2s_resnet_is_tinresnet():
    ours = TINResNet(18, num_segments=4, groups=4).eval()
    model = InterlacedBackbone(dict(type='ResNet', depth=18), num_segments=4, groups=4).eval()
    model.load_state_dict(ours.state_dict())  # by the names of the backbone alone
    frames = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(model(frames), ours(frames))


def test_starts_from_a_recognizer_of_the_2d_network(tmp_path):
    head = dict(type='TSNHead', num_classes=5, in_channels=1280)
    plain = MODELS.build(dict(type='Recognizer2D', backbone=dict(type='MobileNetV2'), cls_head=head))
    torch.save(dict(state_dict=plain.state_dict()), tmp_path / 'tsn.pth')
    backbone = dict(type='InterlacedBackbone', backbone=dict(type='MobileNetV2'), num_segments=4)
    model = MODELS.build(dict(type='Recognizer2D', backbone=backbone, cls_head=head))
    missing, unexpected = model.load_state_dict(
        torch.load(tmp_path / 'tsn.pth')['state_dict'], strict=False
    )
    assert unexpected == []
    assert all('.net1.' in key for key in missing)
    assert model(torch.randn(2, 4, 3, 32, 32), mode='tensor').shape == (8, 1280, 1, 1)


def test_num_segments_follows_the_pipeline():
    sampling = dict(type='SampleFrames', clip_len=1, num_clips=6)
    cfg = Config(
        dict(
            model=dict(backbone=dict(type='InterlacedBackbone', backbone=dict(type='MobileNetV2'))),
            train_dataloader=dict(dataset=dict(pipeline=[sampling])),
        )
    )
    match_num_segments(cfg)
    model = MODELS.build(cfg.model.backbone)
    assert {m.num_segments for m in model.modules() if isinstance(m, TemporalInterlace)} == {6}


@pytest.mark.parametrize('kind', ['NoSuchNet', 'timm.no_such_net'])
def test_what_cannot_be_built_is_named(kind):
    with pytest.raises(UserError, match=f'no backbone {kind} can be built .*; check its name and'):
        InterlacedBackbone(dict(type=kind))


def test_options_reach_every_block():
    options = dict(offsets_per='frame', causal=True, reverse=False, max_offset=3.0)
    model = InterlacedBackbone(dict(type='MobileNetV2'), **options)
    assert model.causal
    for module in model.modules():
        if isinstance(module, TemporalInterlace):
            assert (module.causal, module.offset_net.max_offset) == (True, 3.0)
