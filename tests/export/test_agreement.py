"""The exported network and its comparison with PyTorch."""

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config

from mmtin.errors import UserError
from mmtin.export import ClipClassifier, StreamClassifier, check, clip_shape, random_clips
from mmtin.export.agreement import relative_error
from tests.configs.experiments import CONFIGS, EXPERIMENTS


def test_an_error_is_a_share_of_the_largest_score_of_its_clip():
    expected = torch.tensor([[100.0, 1.0], [-1.0, 0.5]])
    actual = expected + torch.tensor([[0.0, 0.1], [0.0, 0.02]])
    assert relative_error(actual, expected) == pytest.approx(0.02)
    assert relative_error(actual * torch.nan, expected) == torch.inf


@pytest.mark.parametrize('output', [0, 1], ids=['scores', 'probabilities'])
def test_one_wrong_output_on_one_batch_is_found(output):
    model = ClipClassifier(MODELS.build(Config.fromfile(CONFIGS / 'tin_r18_demo.py').model)).eval()
    one, two, three = (random_clips(count, (8, 3, 32, 32)) for count in (1, 2, 3))

    def wrong(clips):
        outputs = list(model(clips))
        outputs[output] = outputs[output] * (1 + 1e-3 * (len(clips) == 2))
        return outputs

    assert check(wrong, model, {'random clips': [one, three]}) == {'random clips': 0}
    with pytest.raises(UserError, match='on real clips the exported network differs'):
        check(wrong, model, {'random clips': [one, three], 'real clips': [two]})


@torch.inference_mode()
@pytest.mark.parametrize(
    'head',
    [
        {},
        dict(multi_class=True),
        dict(multi_class=True, type='MultiLabelTSMHead'),
    ],
    ids=['one label', "several, MMAction2's head", 'several, MultiLabelTSMHead'],
)
def test_probabilities_are_those_of_a_test(head):
    cfg = Config.fromfile(CONFIGS / 'tin_r18_demo.py')
    cfg.model.cls_head.update(head)
    recognizer = MODELS.build(cfg.model).eval()
    recognizer.cls_head.fc_cls.weight.mul_(100)  # probabilities that differ
    clips = random_clips(3, (8, 3, 32, 32))
    _, probabilities = ClipClassifier(recognizer)(clips)
    samples = [ActionDataSample() for _ in clips]
    tested = recognizer.test_step(dict(inputs=list(clips), data_samples=samples))
    torch.testing.assert_close(probabilities, torch.stack([sample.pred_score for sample in tested]))


@torch.inference_mode()
def test_along_a_video_frame_by_frame_is_the_clip():
    cfg = Config.fromfile(CONFIGS / 'tin_r18_causal_demo.py')
    recognizer = MODELS.build(cfg.model).eval()
    by_clip, by_frame = (
        ClipClassifier(recognizer, (8, 3, 32, 32)),
        StreamClassifier(recognizer, (3, 32, 32)),
    )
    clips = random_clips(2, (8, 3, 32, 32))
    [(inputs, (expected, _))] = by_clip.along(by_clip, clips)
    assert inputs[0] is clips
    calls = list(by_frame.along(by_frame, clips))
    assert [len(frames) for (frames, _), _ in calls] == [2] * 8
    torch.testing.assert_close(
        torch.stack([scores for _, (scores, *_) in calls]).mean(0), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    'name, shape', [('tin_r50_sthv1', (8, 3, 224, 224)), ('tsn_r101_5f_mmit', (5, 3, 224, 224))]
)
@pytest.mark.parametrize('protocol', ['1x1', '2x3'])
def test_shape_is_that_of_one_view(name, shape, protocol):
    (experiment,) = [e for e in EXPERIMENTS if e.name == name]
    cfg = experiment.load()
    cfg.test_dataloader.dataset.pipeline = cfg.test_protocols[protocol]
    assert clip_shape(cfg) == (shape if protocol == '1x1' else (*shape[:2], 256, 256))


@pytest.mark.parametrize('head, multi_label', [('TSMHead', False), ('MultiLabelTSMHead', True)])
def test_normalises_and_makes_probabilities(head, multi_label):
    cfg = Config.fromfile(CONFIGS / 'tin_r18_demo.py')
    cfg.merge_from_dict({'model.cls_head.type': head, 'model.data_preprocessor.to_rgb': True})
    recognizer = MODELS.build(cfg.model).eval()
    clips = torch.randint(0, 256, (2, 8, 3, 32, 32), dtype=torch.uint8)
    with torch.inference_mode():
        scores, probabilities = ClipClassifier(recognizer)(clips)
        frames = (clips.flip(2).flatten(0, 1).float() - 128) / 64
        expected = recognizer.cls_head(recognizer.backbone(frames), num_segs=8)
    torch.testing.assert_close(scores, expected)
    torch.testing.assert_close(probabilities, expected.sigmoid() if multi_label else expected.softmax(1))


def test_other_networks_are_refused():
    with pytest.raises(UserError, match='recognizers with a backbone and a head, got Linear'):
        ClipClassifier(torch.nn.Linear(1, 1))
