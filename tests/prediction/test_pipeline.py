"""The test pipelines of the experiments read video files, whatever their own data set is made of."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmtin.config import read_config
from mmtin.errors import UserError
from mmtin.prediction.frames import open_file
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.windows import cut_windows, even_spans
from tests.prediction.small_recognizer import moving_frames, write_video

ROOT = Path(__file__).parents[2]
CLIPS = ROOT.parent / 'shared/clips'


def pipeline_of(name, protocol='1x1'):
    cfg = read_config(ROOT / f'configs/{name}.py')
    cfg.test_dataloader.dataset.pipeline = cfg.test_protocols[protocol]
    return TestPipeline(cfg)


def whole_and_streamed(pipeline, path):
    """The sample of a file, and that of one window over all of it."""
    whole, num_frames = pipeline.whole_video(str(path))
    with open_file(path) as source:
        (window,) = cut_windows(
            source.frames, source.fps, even_spans(num_frames, 1), pipeline, fill_all=True
        )
    assert window.stop == num_frames
    return whole['inputs'], window.sample['inputs']


@pytest.mark.parametrize(
    'name, protocol, shape',
    [
        ('tin_r50_sthv1', '1x1', (8, 3, 224, 224)),
        ('tin_r50_16f_kinetics400', '1x1', (16, 3, 224, 224)),
        ('tin_r50_sthv1', '2x3', (48, 3, 256, 256)),
        ('tin_r50_kinetics400', '10x1', (80, 3, 224, 224)),
    ],
)
def test_windows_go_through_the_same_steps(tmp_path, name, protocol, shape):
    video = write_video(tmp_path / 'a.mp4', moving_frames(70, 96, 72))
    whole, streamed = whole_and_streamed(pipeline_of(name, protocol), video)
    assert whole.shape == streamed.shape == shape
    assert torch.equal(whole, streamed)


@pytest.mark.skipif(not CLIPS.is_dir(), reason='the real clips lie beside the repository only')
@pytest.mark.parametrize(
    'clip',
    [
        'torchvision/v_SoccerJuggling_g23_c01.avi',
        'torchvision/TrumanShow_wave_f_nm_np1_fr_med_26.avi',
        'torchvision/SOX5yA1l24A.mp4',
        'decord/flipping_a_pancake.mkv',
    ],
)
def test_real_clips(clip):
    """The grid of a stream has a place for every frame of a file, in every container."""
    whole, streamed = whole_and_streamed(pipeline_of('tin_r50_ucf101'), CLIPS / clip)
    assert torch.equal(whole, streamed)


@pytest.mark.skipif(not CLIPS.is_dir(), reason='the real clips lie beside the repository only')
def test_title_of_another_encoding():
    clip = CLIPS / 'torchvision/hmdb51_Turnk_r_Pippi_Michel_cartwheel_f_cm_np2_le_med_6.avi'
    with open_file(clip) as source:
        assert next(source.frames).rgb().std() > 10


def test_config_without_videos():
    flow = [dict(type='SampleFrames', clip_len=5), dict(type='RawFrameDecode')]
    flow.append(dict(type='FormatShape', input_format='NCHW_Flow'))
    for steps in (flow, [dict(type='LoadHVULabel')]):
        cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=steps))))
        with pytest.raises(UserError, match='decodes no RGB frames'):
            TestPipeline(cfg)
    with pytest.raises(UserError, match='decodes no RGB frames'):
        pipeline_of('tin_r50_flow_sthv1')
