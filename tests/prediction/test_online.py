"""Frame by frame along a video: what the clip-wise network says of all frames so far."""

import numpy as np
import pytest
import torch

from mmtin.errors import UserError
from mmtin.prediction import load_recognizer, predict_online
from mmtin.prediction.frames import open_file
from mmtin.prediction.online import OnlineRecognizer
from tests.prediction.small_recognizer import NUM_CLASSES, moving_frames, write_recognizer, write_video

NAMES = [str(label) for label in range(NUM_CLASSES)]


@pytest.fixture(scope='module')
def causal(tmp_path_factory):
    options = dict(offsets_per='frame', causal=True, reverse=False, groups=4)
    return write_recognizer(tmp_path_factory.mktemp('causal'), **options)


@pytest.fixture(scope='module')
def network(causal):
    return load_recognizer(*causal)


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp('videos') / 'v.mp4', moving_frames(30), fps=12)


def predicted(network, video, rate, **options):
    with open_file(video) as source:
        return list(predict_online(network, source.frames, rate, NAMES, NUM_CLASSES, **options))


def scores_of(line, kind='predictions'):
    return [found['score'] for found in sorted(line[kind], key=lambda found: found['label'])]


def test_mean_over_frames_is_the_score_of_the_clip(network):
    clips = torch.rand(2, 4, 3, 32, 32)
    online, state, scores = OnlineRecognizer(network).eval(), None, []
    with torch.inference_mode():
        for frames in clips.unbind(1):
            frame_scores, state = online(frames, state)
            scores.append(frame_scores)
        expected = network.cls_head(network.backbone(clips.flatten(0, 1)), num_segs=4)
    torch.testing.assert_close(torch.stack(scores).mean(0), expected, rtol=1e-4, atol=1e-5)


def test_rate_smoothing_and_lines(network, video):
    lines = predicted(network, video, rate=6, smoothing=0.25)
    assert [line['time'] for line in lines] == pytest.approx([place / 6 for place in range(15)], abs=1e-3)
    smooth = np.array(scores_of(lines[0]))
    for line in lines:
        scores = np.array(scores_of(line))
        assert scores.sum() == pytest.approx(1, abs=1e-4)
        smooth = 0.25 * scores + 0.75 * smooth
        assert scores_of(line, 'smoothed') == pytest.approx(smooth, abs=1e-4)
    every = predicted(network, video, rate=6, smoothing=0.25, every=4)
    assert every == lines[::4], 'frames between two lines go through the network too'


def test_in_bfloat16(causal, network, video):
    half = load_recognizer(*causal, dtype=torch.bfloat16)
    got, wanted = (predicted(each, video, rate=6) for each in (half, network))
    assert got != wanted
    assert [line['time'] for line in got] == [line['time'] for line in wanted]
    for one, other in zip(got, wanted, strict=True):
        assert scores_of(one) == pytest.approx(scores_of(other), rel=0.2, abs=0.05)


def test_networks_that_look_ahead_are_refused(model, video):
    with pytest.raises(UserError, match='this TINResNet looks at later frames, so it predicts in windows'):
        predicted(model, video, rate=6)


def test_several_crops_are_refused(causal, video):
    network = load_recognizer(*causal)
    pipeline = network.cfg.test_dataloader.dataset.pipeline
    (place,) = [place for place, step in enumerate(pipeline) if step['type'] == 'CenterCrop']
    pipeline[place] = dict(type='ThreeCrop', crop_size=36)
    with pytest.raises(
        UserError, match='makes 3 crops of a frame; --online takes one, as CenterCrop makes'
    ):
        predicted(network, video, rate=6)
