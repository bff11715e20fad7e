"""Building a recognizer from a config and a checkpoint, and the names of its classes."""

import pytest
import torch
from mmaction.apis import inference_recognizer, init_recognizer
from mmaction.apis.inferencers import MMAction2Inferencer
from mmengine.config import Config

from mmtin.checkpoint import read_checkpoint
from mmtin.errors import UserError
from mmtin.prediction import class_names, load_recognizer, predict_videos, top_classes
from mmtin.prediction.precision import compute_in
from mmtin.prediction.videos import list_videos
from tests.prediction.small_recognizer import NUM_CLASSES, moving_frames, write_video


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp('video') / 'clip.mp4', moving_frames(30))


def test_scores_are_those_of_mmaction2(small, model, video):
    """Fused, and with our own pipeline, the network predicts the same as with MMAction2's functions."""
    config, checkpoint = small
    ((_, ours),) = predict_videos(model, list_videos(str(video)))
    theirs = inference_recognizer(init_recognizer(str(config), str(checkpoint), 'cpu'), str(video))
    torch.testing.assert_close(ours.scores, theirs.pred_score, rtol=1e-3, atol=1e-4)
    assert ours.scores.max() < 0.999, 'a saturated softmax would hide differences'

    # It decodes with decord, whatever the config has.
    inferencer = MMAction2Inferencer(str(config), str(checkpoint), 'cpu')
    (prediction,) = inferencer(str(video))['predictions']
    torch.testing.assert_close(ours.scores, torch.tensor(prediction['rec_scores'][0]), rtol=0.05, atol=0.01)


def test_in_bfloat16(small, model, video):
    """The backbone alone computes in it, and the scores stay near."""
    half = load_recognizer(*small, dtype=torch.bfloat16)
    assert half.backbone.layer1[0].conv1.conv.net1.weight_net.conv.weight.dtype == torch.bfloat16
    assert half.cls_head.fc_cls.weight.dtype == half.data_preprocessor.mean.dtype == torch.float32
    (((_, got),), ((_, wanted),)) = (
        predict_videos(network, list_videos(str(video))) for network in (half, model)
    )
    assert got.scores.dtype == torch.float32 and not torch.equal(got.scores, wanted.scores)
    torch.testing.assert_close(got.scores, wanted.scores, rtol=0.1, atol=0.02)


@pytest.mark.parametrize('origin', ['timm', 'torchvision'])
def test_networks_of_other_libraries_compute_in_single(origin):
    """MMAction2 does not call them as modules."""
    network = torch.nn.Module()
    network.backbone_from = origin
    compute_in(network, torch.float32)
    with pytest.raises(UserError, match=f'a backbone of {origin} computes in float32'):
        compute_in(network, torch.bfloat16)


def checkpoint_with(tmp_path, small, change):
    content = read_checkpoint(small[1])
    change(content['state_dict'])
    torch.save(content, tmp_path / 'changed.pth')
    return tmp_path / 'changed.pth'


def resized(key, *shape):
    return lambda weights: weights.update({key: torch.zeros(shape)})


def as_the_authors_name_it(weights):
    for key in list(weights):
        weights[key.replace('backbone.', 'module.base_model.').replace('cls_head.fc_cls', 'new_fc')] = (
            weights.pop(key)
        )


@pytest.mark.parametrize(
    'change, sentence',
    [
        (resized('backbone.layer1.0.conv1.conv.net1.offset_net.fc1.weight', 8, 8), 'clips of 8 frames'),
        (resized('cls_head.fc_cls.weight', 400, 256), r'\[400, 256\] in .* \[6, 256\] in the config'),
        (lambda weights: weights.pop('cls_head.fc_cls.weight'), 'lacks 1 of the weights'),
        (lambda weights: weights.pop('backbone.layer3.1.conv2.conv.weight'), 'lacks 1 of the weights'),
        (lambda weights: weights.clear(), 'no weights by the names of MMAction2'),
        (as_the_authors_name_it, 'tools/convert_checkpoint.py makes a checkpoint'),
    ],
    ids=['another T', 'another head', 'no head', 'a missing layer', 'empty', 'a release'],
)
def test_checkpoint_of_another_network(tmp_path, small, change, sentence):
    with pytest.raises(UserError, match=sentence):
        load_recognizer(small[0], checkpoint_with(tmp_path, small, change))


def test_weights_of_parallel_training(tmp_path, small, model):
    def prefix(weights):
        for key in list(weights):
            weights[f'module.{key}'] = weights.pop(key)

    loaded = load_recognizer(small[0], checkpoint_with(tmp_path, small, prefix))
    assert torch.equal(loaded.cls_head.fc_cls.weight, model.cls_head.fc_cls.weight)


@pytest.mark.parametrize(
    'backbone, fits',
    [
        (dict(type='TINResNet', max_offset=1.0), False),
        (dict(type='mmtin.TINResNet'), True),
        (dict(type='TINResNet', max_offset=2.0), True),  # half of 4 frames
        (dict(type='ResNetTIN'), True),
    ],
)
def test_offsets_of_another_range(tmp_path, small, backbone, fits):
    content = read_checkpoint(small[1])
    torch.save(dict(content, meta=dict(model=dict(backbone=backbone))), tmp_path / 'meta.pth')
    if fits:
        load_recognizer(small[0], tmp_path / 'meta.pth')
    else:
        with pytest.raises(UserError, match='trained with max_offset=1, the config has 2'):
            load_recognizer(small[0], tmp_path / 'meta.pth')


def test_number_of_frames_is_named_before_the_range_of_offsets(tmp_path, small):
    content = read_checkpoint(small[1])
    resized('backbone.layer1.0.conv1.conv.net1.offset_net.fc1.weight', 8, 8)(content['state_dict'])
    backbone = dict(type='TINResNet', num_segments=8, max_offset=4.0)
    torch.save(dict(content, meta=dict(model=dict(backbone=backbone))), tmp_path / 'meta.pth')
    with pytest.raises(UserError, match='clips of 8 frames'):
        load_recognizer(small[0], tmp_path / 'meta.pth')


def test_device_that_is_not_there(small):
    with pytest.raises(UserError, match=r'cannot use the device .*--device cpu'):
        load_recognizer(*small, device='cuda:7')


def test_class_names(tmp_path, small):
    cfg = Config.fromfile(small[0])
    cfg.test_dataloader.dataset.ann_file = str(tmp_path / 'val.txt')
    assert class_names(cfg) == [str(label) for label in range(NUM_CLASSES)]
    names = [f'class {label}' for label in range(NUM_CLASSES)]
    (tmp_path / 'labels.txt').write_text('\n'.join(names))
    assert class_names(cfg) == names
    # Names of another data set would be wrong names.
    (tmp_path / 'labels.txt').write_text('one\ntwo\n')
    assert class_names(cfg) == [str(label) for label in range(NUM_CLASSES)]
    with pytest.raises(UserError, match='names 2 classes, the network has 6'):
        class_names(cfg, tmp_path / 'labels.txt')


def test_top_classes():
    found = top_classes(torch.tensor([0.2, 0.5, 0.3]), 'abc', k=2)
    assert found == [dict(label=1, name='b', score=0.5), dict(label=2, name='c', score=0.3)]
    assert len(top_classes(torch.tensor([0.2, 0.8]), 'ab', k=5)) == 2
