"""Clips that a command names are read as the config reads those of its lists."""

import pytest
from mmengine.config import Config

from mmtin.datasets.building import clips_dataset
from mmtin.errors import UserError
from tests.datasets.owner_files import write_clip

PIPELINE = [
    dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=4, test_mode=True),
    dict(type='RawFrameDecode'),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs'),
]


@pytest.fixture
def cfg():
    dataset = dict(
        type='RawframeClipDataset',
        ann_file='',
        pipeline=PIPELINE,
        filename_tmpl='{:05}.jpg',
        test_mode=True,
    )
    return Config(dict(test_dataloader=dict(dataset=dataset)))


def test_what_else_lies_in_a_folder_of_frames_does_not_count(cfg, tmp_path):
    write_clip(tmp_path / 'clip', seed=0)
    for name in ('.DS_Store', 'Thumbs.db', 'notes.txt'):
        (tmp_path / 'clip' / name).touch()
    dataset = clips_dataset(cfg, [tmp_path / 'clip'])
    assert dataset.get_data_info(0)['total_frames'] == 10
    assert dataset[0]['inputs'].shape[:2] == (4, 3)


def test_folders_that_cannot_be_read_are_named(cfg, tmp_path):
    write_clip(tmp_path / 'my clip', seed=0)
    with pytest.raises(UserError, match='my clip has a blank in its path'):
        clips_dataset(cfg, [tmp_path / 'my clip'])
    (tmp_path / 'clip').mkdir()
    (tmp_path / 'clip/img_00001.jpg').touch()
    with pytest.raises(UserError, match=r'no 00001.jpg in .*clip, as the config names frames'):
        clips_dataset(cfg, [tmp_path / 'clip'])


def test_fields_of_optical_flow_count_once(cfg, tmp_path):
    cfg.test_dataloader.dataset.update(modality='Flow', filename_tmpl='flow_{}_{:05}.jpg')
    for number in (1, 2, 3):
        for axis in 'xy':
            (tmp_path / f'flow_{axis}_{number:05}.jpg').touch()
    assert clips_dataset(cfg, [tmp_path]).get_data_info(0)['total_frames'] == 3
