"""Features of windows, and the files they go to."""

import copy
import json
import math
from pathlib import PurePath

import h5py
import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import LoadLocalizationFeature
from mmengine.dataset import pseudo_collate

from mmtin.errors import UserError
from mmtin.prediction.feature_files import FORMATS
from mmtin.prediction.features import Features, Windows, extract_features, window_features
from mmtin.prediction.frames import last_seconds, open_file
from mmtin.prediction.pipeline import TestPipeline
from mmtin.prediction.videos import NOT_FINITE, Fault, Video
from tests.prediction.small_recognizer import copy_packets, moving_frames, write_video


def features_of(model, paths, windows, **options):
    videos = [Video(path.name, path) for path in paths]
    return dict(extract_features(model, videos, windows, **options))


def test_features_are_what_the_head_classifies(tmp_path, model):
    path = write_video(tmp_path / 'a.mkv', moving_frames(24), codec='ffv1')
    sample, _ = TestPipeline(model.cfg).whole_video(str(path))
    (features,) = window_features(model, [sample])
    assert features.shape == (256,)
    with torch.inference_mode():
        data = model.data_preprocessor(pseudo_collate([sample]))
        logits = model(data['inputs'], stage='head')
        torch.testing.assert_close(model.cls_head.fc_cls(features[None]), logits, rtol=1e-4, atol=1e-4)
    # One window that is the whole video.
    (whole,) = features_of(model, [path], Windows(count=1)).values()
    np.testing.assert_allclose(whole.values[0], features, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('workers', [0, 2])
def test_windows_of_several_videos(tmp_path, model, workers):
    paths = [
        write_video(tmp_path / f'{count}.mp4', moving_frames(count, seed=count))
        for count in (24, 40, 3, 60)
    ]
    (tmp_path / 'text.mp4').write_text('no video')
    paths.append(tmp_path / 'text.mp4')
    found = features_of(model, paths, Windows(length=1, stride=0.5), batch_size=3, num_workers=workers)
    assert isinstance(found.pop(4), Fault)
    shapes = {index: result.values.shape for index, result in found.items()}
    # 40 frames: up to 36 in whole windows, and a tail of 10 of 12 from 30 on.
    assert shapes == {0: (4, 256), 1: (6, 256), 2: (1, 256), 3: (10, 256)}
    assert found[1].seconds[:2].tolist() == [[0, 1], [0.5, 1.5]]

    exactly = features_of(model, paths[:4], Windows(count=5), num_workers=workers)
    assert [exactly[index].values.shape for index in range(4)] == [(5, 256)] * 4


@pytest.mark.parametrize('codec', ['libx264', 'mpeg4'])
def test_windows_divide_what_is_shown(tmp_path, model, codec):
    """An MP4 may hide frames that others are predicted from."""
    whole = write_video(tmp_path / 'a.mp4', moving_frames(60), codec=codec, g='60', bf='2')
    hiding = copy_packets(whole, tmp_path / 'hiding.mp4', shift=lambda place: -20 / 12)
    found = features_of(model, [whole, hiding], Windows(count=4))
    assert found[0].seconds[:, 1] * 12 == pytest.approx([15, 30, 45, 60])
    assert found[1].seconds[:, 1] * 12 == pytest.approx([10, 20, 30, 40])


@pytest.mark.parametrize('name', ['a.avi', 'a.h264', 'a.ts', 'a.mkv'])
def test_last_frame(tmp_path, name):
    """Its time is told by the packets as by decoding."""
    codec = 'libx264' if name == 'a.h264' else 'mpeg4'
    options = dict(g='10', bf='2', flags='+cgop', sc_threshold='1000000000')
    path = write_video(tmp_path / name, moving_frames(60), fps=25, codec=codec, **options)
    if name == 'a.avi':
        path = copy_packets(path, tmp_path / 'dropped.avi', keep=lambda place: not 30 <= place < 50)
    if name == 'a.ts':
        path.write_bytes(2 * path.read_bytes())
    with open_file(path) as source:
        *_, frame = source.frames
    assert last_seconds(path) == pytest.approx(frame.seconds)
    assert frame.seconds == pytest.approx((119 if name == 'a.ts' else 59) / 25)


def test_faulty_files(tmp_path, model):
    whole = write_video(tmp_path / 'whole.mkv', moving_frames(24), codec='ffv1').read_bytes()
    files = dict(cut=whole[: len(whole) // 2], text=b'no video', empty=b'')
    paths = [tmp_path / f'{name}.mkv' for name in files]
    for path, content in zip(paths, files.values()):
        path.write_bytes(content)
    faults = features_of(model, [*paths, tmp_path / 'none.mkv'], Windows(count=4))
    assert [fault.reason for fault in faults.values()] == [
        'the file is cut off: it ends before it says',
        'Invalid data found when processing input',
        'empty file',
        'no such file',
    ]


FOUND = Features(np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.array([[0, 1], [1, 2]], np.float32))


def test_features_that_are_not_finite_are_a_fault(tmp_path, model):
    path = write_video(tmp_path / 'a.mp4', moving_frames(12))
    faulty = copy.deepcopy(model)
    torch.nn.init.constant_(next(faulty.backbone.parameters()), math.nan)
    assert features_of(faulty, [path], Windows()) == {0: NOT_FINITE}


def test_csv_is_what_the_localizers_of_mmaction2_read(tmp_path):
    with FORMATS['csv'](tmp_path / 'out') as files:
        files.add(0, files.paths([Video('sub/a.mp4', tmp_path)])[0], 'sub/a.mp4', FOUND)
    loaded = LoadLocalizationFeature().transform(dict(feature_path=str(tmp_path / 'out/sub/a.csv')))
    np.testing.assert_allclose(loaded['raw_feature'], FOUND.values.T, rtol=1e-6)


def test_npy(tmp_path):
    with FORMATS['npy'](tmp_path / 'out') as files:
        files.add(0, files.paths([Video('../a.mp4', tmp_path)])[0], '../a.mp4', FOUND)
    np.testing.assert_array_equal(np.load(tmp_path / 'out/a.npy'), FOUND.values)
    index = json.loads((tmp_path / 'out/index.json').read_text())
    assert index['results'] == [dict(video='../a.mp4', file='a.npy', seconds=[[0, 1], [1, 2]])]
    with pytest.raises(UserError, match='has files already'):
        FORMATS['npy'](tmp_path / 'out')
    FORMATS['npy'](tmp_path / 'out', None, True)


def test_h5(tmp_path):
    with FORMATS['h5'](tmp_path / 'out.h5') as files:
        files.add(0, files.paths([Video('sub/a.mp4', tmp_path)])[0], 'sub/a.mp4', FOUND)
        assert not (tmp_path / 'out.h5').exists(), 'it appears when it is whole'
    with h5py.File(tmp_path / 'out.h5') as file:
        np.testing.assert_array_equal(file['sub/a.mp4'], FOUND.values)
        np.testing.assert_array_equal(file['sub/a.mp4'].attrs['seconds'], FOUND.seconds)
    with pytest.raises(UserError, match='is there already'):
        FORMATS['h5'](tmp_path / 'out.h5')


def test_h5_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), FORMATS['h5'](tmp_path / 'out.h5'):
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_h5_that_was_interrupted(tmp_path):
    videos = [Video('sub/a.mp4', tmp_path), Video('sub', tmp_path), Video('bad.mp4', tmp_path)]
    with pytest.raises(RuntimeError), FORMATS['h5'](tmp_path / 'out.h5') as files:
        files.results.pass_over(2, 'bad.mp4', 'broken')
        files.add(0, files.paths(videos)[0], 'sub/a.mp4', FOUND)
        raise RuntimeError
    with pytest.raises(UserError, match='--resume goes on'):
        FORMATS['h5'](tmp_path / 'out.h5')
    with FORMATS['h5'](tmp_path / 'out.h5', None, False, True) as files:
        assert files.results.left(3) == [1]
        files.add(1, PurePath('b.mp4'), 'b.mp4', FOUND)
    with h5py.File(tmp_path / 'out.h5') as file:
        assert sorted(file) == ['b.mp4', 'sub']
        np.testing.assert_array_equal(file['sub/a.mp4'].attrs['seconds'], FOUND.seconds)
    assert [path.name for path in tmp_path.iterdir()] == ['out.h5']


def test_h5_without_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'h5py', None)
    with pytest.raises(UserError, match='pip install h5py'):
        FORMATS['h5'](tmp_path / 'out.h5')
