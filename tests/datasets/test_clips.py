"""Faults of data are named with path and remedy."""

import cv2
import numpy as np
import pytest
from mmaction.datasets import RawframeDataset, VideoDataset

from mmtin.datasets import RawframeClipDataset, VideoClipDataset
from mmtin.errors import UserError

DECODE = [
    dict(type='DecordInit'),
    dict(type='SampleFrames', clip_len=1, num_clips=4, test_mode=True),
    dict(type='DecordDecode'),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs'),
]


@pytest.fixture
def video(tmp_path):
    path = tmp_path / 'good.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 10, (32, 24))
    for level in range(12):
        writer.write(np.full((24, 32, 3), 20 * level, np.uint8))
    writer.release()
    return path


def write_list(folder, *lines):
    path = folder / 'list.txt'
    path.write_text('\n'.join(lines))
    return str(path)


def test_good_video_is_read(tmp_path, video):
    dataset = VideoClipDataset(
        write_list(tmp_path, 'good.mp4 3'), DECODE, data_prefix=dict(video=str(tmp_path)), test_mode=True
    )
    sample = dataset[0]
    assert sample['inputs'].shape == (4, 3, 24, 32)
    assert int(sample['data_samples'].gt_label) == 3


@pytest.mark.parametrize(
    'content', [b'', b'no video at all', 'truncated'], ids=['empty', 'text', 'truncated']
)
def test_undecodable_video_is_named(tmp_path, video, content):
    if content == 'truncated':
        content = video.read_bytes()[:200]
    (tmp_path / 'bad.mp4').write_bytes(content)
    dataset = VideoClipDataset(
        write_list(tmp_path, 'bad.mp4 0'), DECODE, data_prefix=dict(video=str(tmp_path)), test_mode=True
    )
    with pytest.raises(UserError, match=r'cannot read the clip .*bad\.mp4') as caught:
        dataset[0]
    assert '\n' not in str(caught.value)
    assert 'list.txt' in str(caught.value)


@pytest.mark.parametrize(
    'dataset, prefix', [(VideoClipDataset, 'video'), (RawframeClipDataset, 'img')], ids=['videos', 'frames']
)
def test_missing_data_names_path_and_remedy(tmp_path, dataset, prefix):
    with pytest.raises(UserError, match=r'no data at .*absent\.txt: see the section "Data" of README\.md'):
        dataset(str(tmp_path / 'absent.txt'), DECODE, data_prefix={prefix: str(tmp_path)})
    with pytest.raises(UserError, match=r'no data at .*nowhere'):
        dataset(write_list(tmp_path, 'a 8 0'), DECODE, data_prefix={prefix: str(tmp_path / 'nowhere')})


@pytest.mark.parametrize(
    'dataset, prefix, line, expected',
    [
        (VideoClipDataset, 'video', 'clip.mp4 0 1', 'path label'),
        (VideoClipDataset, 'video', 'clip.mp4', 'path label'),
        (VideoClipDataset, 'video', 'clip.mp4 running', 'path label'),
        (VideoClipDataset, 'video', '', 'path label'),
        (RawframeClipDataset, 'img', 'clip many 0', 'path number_of_frames label'),
        (RawframeClipDataset, 'img', 'clip 8 0 1', 'path number_of_frames label'),
        (RawframeClipDataset, 'img', 'my clip 8 0', 'path number_of_frames label'),
    ],
    ids=[
        *('two labels', 'no label', 'name for label', 'empty line'),
        *('frames not a number', 'two labels of frames', 'blank in folder'),
    ],
)
def test_malformed_line_is_named(tmp_path, dataset, prefix, line, expected):
    ann_file = write_list(tmp_path, f'good.mp4 {"8 " * (prefix == "img")}0', line, 'x 8')
    with pytest.raises(UserError, match=rf'list\.txt, line 2: expected "{expected}", got '):
        dataset(ann_file, DECODE, data_prefix={prefix: str(tmp_path)})


@pytest.mark.parametrize('stated', [' ', '\t', ','])
@pytest.mark.parametrize('mark', ['\t', ' ', ','])
def test_lines_are_read_however_they_are_divided(mark, stated, tmp_path):
    ann_file = write_list(tmp_path, f'a.mp4{mark}3', f'my clips/b 1.mp4{mark}4')
    dataset = VideoClipDataset(ann_file, DECODE, data_prefix=dict(video='/'), delimiter=stated)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert [(info['filename'], info['label']) for info in infos] == [
        ('/a.mp4', 3),
        ('/my clips/b 1.mp4', 4),
    ]


def test_lists_are_read_as_mmaction2_does(tmp_path):
    videos = write_list(tmp_path, 'a.mp4 3', 'b/c.mp4 4')
    frames = tmp_path / 'frames.txt'
    frames.write_text('a 5 8 1\nb 0 9 0\n')
    several = tmp_path / 'several.txt'
    several.write_text('a.mp4 0 2\nb.mp4 1\n')
    unlabelled = tmp_path / 'unlabelled.txt'
    unlabelled.write_text('a.mp4\nb.mp4\n')
    for ours, theirs, args in (
        (VideoClipDataset, VideoDataset, dict(ann_file=videos)),
        (VideoClipDataset, VideoDataset, dict(ann_file=str(several), multi_class=True, num_classes=3)),
        (VideoClipDataset, VideoDataset, dict(ann_file=str(unlabelled))),
        (RawframeClipDataset, RawframeDataset, dict(ann_file=str(frames), with_offset=True)),
    ):
        own, stock = (kind(pipeline=DECODE, **args) for kind in (ours, theirs))
        assert own.load_data_list() == stock.load_data_list()


def test_empty_list_is_named(tmp_path):
    with pytest.raises(UserError, match=r'the list .*list\.txt is empty'):
        VideoClipDataset(write_list(tmp_path), DECODE, data_prefix=dict(video=str(tmp_path)))
