"""A checkpoint that was trained to interlace in another way is refused, where no weight shows it."""

import pytest
from mmaction.registry import MODELS

from mmtin.checkpoint.filling import fill
from mmtin.errors import UserError

KINDS = {
    'TINResNet': dict(type='TINResNet', depth=18),
    'TINMobileNetV2': dict(type='TINMobileNetV2'),
    'InterlacedBackbone': dict(type='InterlacedBackbone', backbone=dict(type='MobileNetV2')),
}


def build(backbone):
    return MODELS.build(dict(type='Recognizer2D', backbone=dict(backbone)))


def checkpoint_of(backbone):
    """What a training of this backbone writes."""
    return dict(state_dict=build(backbone).state_dict(), meta=dict(model=dict(backbone=backbone)))


def fill_with(trained, config):
    fill(build(config), checkpoint_of(trained), 'tin.pth')


def refused(trained, config, name='max_offset'):
    return pytest.raises(
        UserError, match=rf'^tin\.pth was trained with {name}={trained}, the config has {config}; '
    )


@pytest.mark.parametrize('kind', KINDS)
def test_another_range_of_offsets(kind):
    backbone = dict(KINDS[kind], num_segments=4)
    with refused(3, 2):
        fill_with(dict(backbone, max_offset=3.0), backbone)
    fill_with(dict(backbone, max_offset=2.0), backbone)


def test_network_of_mmaction2():
    """Its largest offset is 2 frames, whatever T is."""
    tin = dict(KINDS['TINResNet'], num_segments=8, shift_div=4)
    theirs = dict(tin, type='ResNetTIN')
    fill_with(theirs, dict(tin, max_offset=2.0))
    with refused(2, 4):
        fill_with(theirs, tin)
    with refused(4, 2):
        fill_with(tin, theirs)


def test_backbone_of_a_detector():
    tin = dict(KINDS['TINResNet'], num_segments=4)
    with refused(2, 1.5):
        fill_with(
            dict(type='FramewiseBackbone', backbone=tin),
            dict(type='FramewiseBackbone', backbone=dict(tin, max_offset=1.5)),
        )


def test_offsets_of_each_frame():
    """None means 4 frames whatever T is, and the weights fit any T."""
    backbone = dict(KINDS['TINResNet'], offsets_per='frame', num_segments=16)
    fill_with(backbone, dict(backbone, max_offset=4.0))
    fill_with(backbone, dict(backbone, num_segments=32))
    with refused(4, 8):
        fill_with(backbone, dict(backbone, max_offset=8.0))
    with refused(3, 4):
        fill_with(dict(backbone, num_segments=8, max_offset=3.0), backbone)


def test_stages_of_half_the_frames():
    """With temporal pooling half a clip is another number of frames behind it."""
    backbone = dict(KINDS['TINResNet'], num_segments=4, temporal_pool=True)
    fill_with(backbone, backbone)
    with refused(1, 2):
        fill_with(backbone, dict(backbone, max_offset=2.0))


def test_other_directions():
    one_way = dict(KINDS['TINResNet'], offsets_per='frame', reverse=False)
    causal = dict(one_way, causal=True)
    for trained, config, name in (
        (one_way, dict(one_way, reverse=True), 'reverse'),
        (dict(one_way, reverse=True), one_way, 'reverse'),
        (one_way, causal, 'causal'),
        (causal, one_way, 'causal'),
    ):
        with refused(trained.get(name, False), config.get(name, False), name):
            fill_with(trained, config)


@pytest.mark.parametrize('kind', ['TINResNet', 'RTCNResNet'])
@pytest.mark.parametrize('fewer', [dict(is_tin=False), dict(interlace_stages=[2, 3])], ids=str)
def test_fewer_interlacing_blocks(kind, fewer):
    """A prediction would lack what the other blocks learned; to train from them is fine."""
    tin = dict(type=kind, depth=18)
    some = dict(tin, **fewer)
    with pytest.raises(UserError, match=r'^tin\.pth interlaces in blocks where the config does not'):
        fill_with(tin, some)
    fill_with(some, some)
    build(some).load_state_dict(checkpoint_of(tin)['state_dict'], strict=False)
