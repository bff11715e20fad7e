"""Clips kept in memory give the frames that decoding gives, and are decoded once."""

import numpy as np
import pytest
from mmengine.dataset import Compose

from mmtin.config import type_name
from mmtin.datasets import RawframeClipDataset, VideoClipDataset
from mmtin.datasets.decoded_once import decoded_each_time
from mmtin.datasets.randomness import SeededIndex
from tests.datasets.owner_files import write_clip

SAMPLE = dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=4, test_mode=True)
SMALL = dict(type='Resize', scale=(24, 16), keep_ratio=False)
PACK = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]


def frames_of(path, pipeline):
    """The inputs ``[T, 3, H, W]`` of the one clip at ``path``, with the pipeline that made them."""
    kind = 'video' if path.suffix else 'img'
    line = f'{path.name}{"" if path.suffix else " 10"} 0\n'
    (path.parent / 'list.txt').write_text(line)
    dataset = (VideoClipDataset if path.suffix else RawframeClipDataset)(
        str(path.parent / 'list.txt'),
        [*pipeline, *PACK],
        data_prefix={kind: str(path.parent)},
        test_mode=True,
        **({} if path.suffix else dict(filename_tmpl='{:05}.jpg')),
    )
    return dataset, dataset[0]['inputs']


@pytest.mark.parametrize('name', ['clip.mp4', 'clip'])
def test_same_frames_and_decoded_once(tmp_path, name):
    path = tmp_path / name
    write_clip(path, seed=0)
    init, decode = (
        ([dict(type='VideoInit')], [dict(type='VideoDecode')])
        if path.suffix
        else ([], [dict(type='RawFrameDecode')])
    )
    _, plain = frames_of(path, [*init, SAMPLE, *decode, SMALL])
    kept = [
        dict(type='DecodedOnce', open_clip=init, decode=[*decode, SMALL]),
        SAMPLE,
        dict(type='ArrayDecode'),
    ]
    for other in (kept, [dict(step, type=f'mmaction.{step["type"]}') for step in kept]):
        steps = decoded_each_time([*other, *PACK])
        assert [type_name(step) for step in steps] == [
            step['type'] for step in (*init, SAMPLE, *decode, SMALL, *PACK)
        ]
        assert SMALL in steps
    dataset, inputs = frames_of(path, kept)
    np.testing.assert_array_equal(inputs, plain)
    (path if path.suffix else path / '00001.jpg').unlink()
    np.testing.assert_array_equal(dataset[0]['inputs'], plain)


def test_mirrored_as_clips_that_are_decoded_each_time(tmp_path):
    """Epoch after epoch, though Flip mirrors in place; some of 16 frames of 10 are sampled twice."""
    write_clip(tmp_path / 'clip', seed=0)
    sample, decode = dict(SAMPLE, num_clips=16), [dict(type='RawFrameDecode'), SMALL]
    jitter = [dict(type='RandomCrop', size=8), dict(type='Flip', flip_ratio=0.5)]
    once = [dict(type='DecodedOnce', decode=decode), sample, dict(type='ArrayDecode'), *jitter]
    each_time, _ = frames_of(tmp_path / 'clip', [sample, *decode, *jitter])
    kept, _ = frames_of(tmp_path / 'clip', once)
    for epoch in range(8):
        plain, inputs = (dataset[SeededIndex(0, (epoch,))]['inputs'] for dataset in (each_time, kept))
        np.testing.assert_array_equal(inputs, plain, err_msg=f'epoch {epoch}')


def test_clips_of_one_folder_of_frames(tmp_path):
    """They begin and end at frames of their own."""
    write_clip(tmp_path / 'video', seed=0)
    (tmp_path / 'list.txt').write_text('video 0 4 0\nvideo 6 4 1\nvideo 0 9 2\n')
    decode = [dict(type='RawFrameDecode')]
    kept = [dict(type='DecodedOnce', decode=decode), SAMPLE, dict(type='ArrayDecode')]
    each_time, once = (
        RawframeClipDataset(
            str(tmp_path / 'list.txt'),
            [*steps, *PACK],
            data_prefix=dict(img=str(tmp_path)),
            test_mode=True,
            with_offset=True,
            filename_tmpl='{:05}.jpg',
        )
        for steps in ([SAMPLE, *decode], kept)
    )
    for index in (0, 1, 2, 0):
        np.testing.assert_array_equal(once[index]['inputs'], each_time[index]['inputs'])
    inputs = [once[index]['inputs'].numpy().tobytes() for index in range(3)]
    assert len(set(inputs)) == 3


def test_frames_in_reverse(tmp_path):
    write_clip(tmp_path / 'clip.mp4', seed=0)
    steps = [dict(type='VideoInit'), SAMPLE, dict(type='VideoDecode')]
    _, forwards = frames_of(tmp_path / 'clip.mp4', steps)
    _, backwards = frames_of(tmp_path / 'clip.mp4', [*steps, dict(type='ReverseFrames')])
    np.testing.assert_array_equal(backwards, forwards.flip(0))
    assert not np.array_equal(backwards, forwards)
    assert repr(Compose([dict(type='ReverseFrames')]).transforms[0]) == 'ReverseFrames()'
