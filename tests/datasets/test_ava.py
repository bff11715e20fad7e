"""AVA's files are read as by MMAction2, no code in them is run, and missing files are named."""

import os
import pickle

import numpy as np
import pytest
from mmaction.datasets import AVADataset

from mmtin.datasets.ava import AVAClipDataset, read_proposals
from mmtin.errors import UserError
from tests.datasets.ava_files import write_ava

LISTS = 'data/ava/annotations'
FILES = dict(
    ann_file=f'{LISTS}/ava_train_v2.1.csv',
    exclude_file=f'{LISTS}/ava_train_excluded_timestamps_v2.1.csv',
    label_file=f'{LISTS}/ava_action_list_v2.1_for_activitynet_2018.pbtxt',
    proposal_file=f'{LISTS}/ava_dense_proposals_train.FAIR.recall_93.9.pkl',
    data_prefix=dict(img='data/ava/rawframes'),
)


@pytest.fixture(scope='module')
def ava(tmp_path_factory):
    folder = tmp_path_factory.mktemp('ava')
    write_ava(folder)
    return folder


@pytest.fixture
def in_ava(ava, monkeypatch):
    monkeypatch.chdir(ava)


def test_samples_are_those_of_mmaction2(in_ava):
    pipeline = [dict(type='SampleAVAFrames', clip_len=4, frame_interval=8, test_mode=True)]
    ours, theirs = (
        kind(pipeline=pipeline, test_mode=True, **FILES) for kind in (AVAClipDataset, AVADataset)
    )
    assert len(ours) == len(theirs) == 2
    for index in range(2):
        mine, expected = ours[index], theirs[index]
        assert mine.keys() == expected.keys()
        for key in expected:
            np.testing.assert_equal(mine[key], expected[key], err_msg=key)


@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
def test_proposals_of_every_protocol(protocol, tmp_path):
    boxes = {
        '-5KQ66BBWC4,0902': np.random.rand(3, 5),
        '-5KQ66BBWC4,0903': np.random.rand(1, 4).astype('f4'),
    }
    (tmp_path / 'boxes.pkl').write_bytes(pickle.dumps(boxes, protocol=protocol))
    read = read_proposals(tmp_path / 'boxes.pkl')
    assert read.keys() == boxes.keys()
    for key in boxes:
        np.testing.assert_array_equal(read[key], boxes[key])
        assert read[key].dtype == boxes[key].dtype


class RunsCode:
    def __reduce__(self):
        return os.mkdir, ('ran',)


def test_a_pickle_that_wants_to_run_code_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for content in ({'video,0902': RunsCode()}, RunsCode()):
        (tmp_path / 'boxes.pkl').write_bytes(pickle.dumps(content))
        with pytest.raises(UserError, match=r'boxes.pkl is no pickle of arrays by frame'):
            read_proposals('boxes.pkl')
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    'content',
    [b'', pickle.dumps({'a': np.ones((2, 5))})[:-9], b'text', pickle.dumps([1]), pickle.dumps({'a': 1})],
)
def test_what_is_no_proposals_is_one_sentence(content, tmp_path):
    (tmp_path / 'boxes.pkl').write_bytes(content)
    with pytest.raises(UserError, match='fetch it again'):
        read_proposals(tmp_path / 'boxes.pkl')


def test_boxes_of_another_shape_are_named(tmp_path):
    (tmp_path / 'boxes.pkl').write_bytes(pickle.dumps({'video,0902': np.ones((2, 3))}))
    with pytest.raises(
        UserError, match=r'expected boxes \[n, 4\] or \[n, 5\] for video,0902, got \[2, 3\]'
    ):
        read_proposals(tmp_path / 'boxes.pkl')


@pytest.mark.parametrize('name', FILES)
def test_a_missing_file_is_named(name, in_ava):
    files = FILES | {name: dict(img='none') if name == 'data_prefix' else 'none'}
    with pytest.raises(UserError, match='no data at none: see the section "Data"'):
        AVAClipDataset(pipeline=[], **files)
