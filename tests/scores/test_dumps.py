"""Reading dumps of predictions: those of MMAction2, damaged ones and ones that would run code."""

import io
import os
import pickle
import re

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.evaluator import DumpResults, Evaluator

from mmtin.datasets.clip_names import name_clips
from mmtin.datasets.synthetic import write_dataset
from mmtin.errors import UserError
from mmtin.leaderboard.costs import installed_config
from mmtin.scores.dumps import read_dump, relative_names, write_dump
from tests.scores.scored_clips import many_hot_labels, scored_clips


def upstream_dump(path, labels, **meta):
    """What the Runner's evaluator does with a DumpResults at the end of a test."""
    samples = []
    for index, label in enumerate(labels):
        sample = ActionDataSample().set_gt_label(label).set_pred_score(torch.rand(4)).set_pred_label(0)
        sample.set_metainfo(
            dict(img_shape=(40, 40), **{key: value.format(index) for key, value in meta.items()})
        )
        samples.append(sample)
    evaluator = Evaluator(DumpResults(str(path)))
    evaluator.process(samples)
    evaluator.evaluate(len(labels))
    return [sample.pred_score.numpy() for sample in samples]


@pytest.mark.parametrize('key', ['filename', 'frame_dir'])
def test_what_mmaction2_dumps_is_read(key, tmp_path):
    scores = upstream_dump(tmp_path / 'dump.pkl', [2, -1], **{key: 'data/{}'})
    clips = read_dump(tmp_path / 'dump.pkl')
    assert [clip.name for clip in clips] == ['data/0', 'data/1']
    assert [clip.label for clip in clips] == [2, -1]
    for clip, expected in zip(clips, scores, strict=True):
        assert clip.scores.dtype == np.float32
        np.testing.assert_array_equal(clip.scores, expected)


def test_without_names_and_with_several_labels(tmp_path):
    upstream_dump(tmp_path / 'dump.pkl', [[0, 1, 1, 0], [1, 0, 0, 0]])
    clips = read_dump(tmp_path / 'dump.pkl')
    assert [clip.name for clip in clips] == [None, None]
    assert relative_names(clips) is None
    np.testing.assert_array_equal(clips[0].label, [0, 1, 1, 0])


@pytest.mark.parametrize('labels', [None, many_hot_labels()], ids=['one label', 'several labels'])
def test_written_dump_is_read_back(labels, tmp_path):
    clips = scored_clips(labels=labels)
    write_dump(tmp_path / 'new/dump.pkl', clips)
    for written, read in zip(clips, read_dump(tmp_path / 'new/dump.pkl'), strict=True):
        assert written.name == read.name
        np.testing.assert_array_equal(written.scores, read.scores)
        np.testing.assert_array_equal(written.label, read.label)
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['dump.pkl']
    with pytest.raises(UserError, match=r'cannot write \S+/dump.pkl/below.pkl \('):
        write_dump(tmp_path / 'new/dump.pkl/below.pkl', clips)


def test_names_do_not_depend_on_where_the_media_lie():
    here, there = scored_clips(folder='data/val'), scored_clips(folder='/disk/videos')
    assert relative_names(here) == relative_names(there)
    assert relative_names(here)[1] == 'class1/1.mp4'


def test_arrays_and_numbers_of_numpy_are_read(tmp_path):
    samples = [dict(pred_score=np.array([0.25, 0.75]), gt_label=np.int64(1), filename='a.mp4')]
    (tmp_path / 'dump.pkl').write_bytes(pickle.dumps(samples, protocol=2))
    (clip,) = read_dump(tmp_path / 'dump.pkl')
    assert (clip.name, clip.label, clip.scores.tolist()) == ('a.mp4', 1, [0.25, 0.75])


@pytest.mark.parametrize('module', [b'numpy.core', b'numpy._core'], ids=['numpy 1', 'numpy 2'])
@pytest.mark.parametrize('dtype', ['>f4', '<f2', 'f8'])
def test_both_spellings_of_numpy_and_every_float_are_read(module, dtype, tmp_path):
    scores = np.array([[0.25, 9], [0.75, 9]], dtype, order='F')[:, 0]
    data = pickle.dumps([dict(pred_score=scores, gt_label=np.int32(1), box=np.eye(2, order='F'))], 2)
    (tmp_path / 'dump.pkl').write_bytes(re.sub(rb'numpy\._?core', module, data))
    assert module + b'.multiarray' in (tmp_path / 'dump.pkl').read_bytes()
    (clip,) = read_dump(tmp_path / 'dump.pkl')
    assert (clip.label, clip.scores.tolist()) == (1, [0.25, 0.75])


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_views_and_every_float_of_torch_are_read(dtype, tmp_path):
    scores = torch.tensor([[9, 0.25], [9, 0.75]], dtype=dtype)[:, 1]
    samples = [dict(pred_score=scores, gt_label=torch.tensor([0.0, 1.0]), pred_label=torch.tensor(1))]
    (tmp_path / 'dump.pkl').write_bytes(pickle.dumps(samples, protocol=2))
    (clip,) = read_dump(tmp_path / 'dump.pkl')
    assert (clip.label.tolist(), clip.scores.tolist()) == ([0, 1], [0.25, 0.75])


def storage_bytes(**options):
    buffer = io.BytesIO()
    numbers = torch.tensor([0.25, 0.75])
    storage = torch.storage.TypedStorage(
        wrap_storage=numbers.untyped_storage(), dtype=numbers.dtype, _internal=True
    )
    torch.save(storage, buffer, **options)
    return buffer.getvalue()


LEGACY = storage_bytes(_use_new_zipfile_serialization=False)
CPU, CUDA = b'X\x03\x00\x00\x00cpu', b'X\x06\x00\x00\x00cuda:0'
COUNT = b'K\x02N'  # 2 numbers, and no view


def dump_of(path, storage):
    scores = Malicious(torch._utils._rebuild_tensor_v2, Malicious(torch.storage._load_from_bytes, storage))
    scores.args += (0, (2,), (1,), False, {})
    path.write_bytes(pickle.dumps([dict(pred_score=scores, gt_label=0)], protocol=2))
    return path


def test_scores_of_a_gpu_are_read_without_one(tmp_path):
    assert CPU in LEGACY
    (clip,) = read_dump(dump_of(tmp_path / 'dump.pkl', LEGACY.replace(CPU, CUDA)))
    assert clip.scores.tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    'storage',
    [
        storage_bytes(),
        LEGACY.replace(COUNT, b'J\x00\x00\x00\x7fN'),
        LEGACY[:-16] + (10**12).to_bytes(8, 'little') + LEGACY[-8:],
        b'\x80\x02]q\x00.',
    ],
    ids=['zip', 'another count', 'another count of bytes', 'a list'],
)
def test_numbers_of_a_tensor_are_as_many_as_their_bytes(storage, tmp_path):
    assert COUNT in LEGACY
    with pytest.raises(UserError, match=r'cannot read \S*dump\.pkl as a dump'):
        read_dump(dump_of(tmp_path / 'dump.pkl', storage))


class Malicious:
    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def nested_attack(path):
    """Code in the bytes of a tensor, which torch's own reader would unpickle without restriction."""
    buffer = io.BytesIO()
    torch.save(Malicious(os.mkdir, str(path)), buffer, _use_new_zipfile_serialization=False)
    return Malicious(torch.storage._load_from_bytes, buffer.getvalue())


@pytest.mark.parametrize(
    'attack',
    [
        lambda path: Malicious(os.mkdir, str(path)),
        lambda path: Malicious(eval, f'__import__("os").mkdir({str(path)!r})'),
        nested_attack,
    ],
    ids=['function', 'eval', 'inside a tensor'],
)
def test_code_in_a_dump_is_not_run(attack, tmp_path):
    samples = [dict(pred_score=attack(tmp_path / 'victim'), gt_label=0)]
    dump = tmp_path / 'dump.pkl'
    dump.write_bytes(pickle.dumps(samples, protocol=2))
    with pytest.raises(UserError, match=r'dump\.pkl'):
        read_dump(dump)
    assert not (tmp_path / 'victim').exists()
    # It was a real attack: pickle itself runs it.
    pickle.loads(dump.read_bytes())
    assert (tmp_path / 'victim').exists()


class Reduced:
    """Pickled as a call of a function and, if there is one, a state for what it returns."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def build(name, state):
    """A pickle that sets the state of the function or class that it names."""
    module, name = name.rsplit('.', 1)
    return b'c%s\n%s\n' % (module.encode(), name.encode()) + pickle.dumps(state, protocol=2)[2:-1] + b'b.'


RECONSTRUCT, SCALAR = (value.__reduce__()[0] for value in (np.empty(0), np.float64(0)))


def dtype(code, *state):
    return Reduced(np.dtype, (code, False, True), (3, *state))


def array(dtype, shape, data):
    return Reduced(RECONSTRUCT, (np.ndarray, (0,), b'b'), (1, shape, dtype, False, data))


def tensor(offset, size, stride):
    # A tensor is pickled as this call: its storage, then what is altered here.
    function, (storage, *_) = torch.tensor([0.5, 0.5]).__reduce_ex__(2)
    return Reduced(function, (storage, offset, size, stride, False, {}))


# Flags 0: the pickle declares no Python objects, yet numpy uses the bytes as their addresses.
OBJECTS = dtype('O8', '|', None, None, None, -1, -1, 0)
FIELDS = dtype('V8', '|', None, ('a',), {'a': (np.dtype('O'), 0)}, 8, 1, 0)
BEYOND = dtype('V8', '|', None, ('a',), {'a': (np.dtype('f8'), 1 << 20)}, 8, 1, 0)


@pytest.mark.parametrize(
    'scores',
    [
        Reduced(SCALAR, (OBJECTS, b'A' * 8)),
        array(OBJECTS, (1,), b'A' * 8),
        array(FIELDS, (1,), b'A' * 8),
        array(BEYOND, (1,), b'A' * 8),
        array(np.dtype('f8'), (1000,), b'A' * 8),
        array(np.dtype('f8'), (1,), ['A']),
        Reduced(SCALAR, (np.dtype('f8'), b'A')),
        Reduced(SCALAR, (b'f8', b'A' * 8)),
        tensor(0, (10**9,), (1,)),
        tensor(0, (10**9,), (0,)),
        tensor(0, (10**5, 10**5), (0, 0)),
        tensor(1, (2,), (1,)),
        tensor(-1, (2,), (1,)),
        tensor(1, (2,), (-1,)),
        tensor(0, (2,), (1 << 62,)),
        tensor(0, (-1,), (1,)),
        tensor(0, (2,), ()),
        # A view of one number that states two, and a view of that view.
        Reduced(torch._utils._rebuild_tensor_v2, (tensor(1, (2,), (0,)), 2, (1,), (1,), False, {})),
    ],
)
def test_addresses_and_sizes_in_a_dump_are_not_trusted(scores, tmp_path):
    data = pickle.dumps([dict(pred_score=scores, gt_label=0)], protocol=2)
    (tmp_path / 'dump.pkl').write_bytes(data)
    with pytest.raises(UserError, match=r'dump\.pkl as a dump \((Value|Type|Attribute)Error'):
        read_dump(tmp_path / 'dump.pkl')


@pytest.mark.parametrize(
    'name',
    [
        'torch._utils._rebuild_tensor_v2',
        'torch.storage._load_from_bytes',
        '_codecs.encode',
        'collections.OrderedDict',
        'numpy.ndarray',
        'numpy.dtype',
        f'{SCALAR.__module__}.scalar',
    ],
)
@pytest.mark.parametrize('state', [{'changed': 1}, (None, {'__defaults__': (1,), '_function': 1})])
def test_a_dump_changes_no_function(name, state, tmp_path):
    (tmp_path / 'dump.pkl').write_bytes(build(name, state))
    with pytest.raises(UserError, match=r'cannot read .*dump\.pkl as a dump'):
        read_dump(tmp_path / 'dump.pkl')
    assert torch._utils._rebuild_tensor_v2.__defaults__ == (None,)
    write_dump(tmp_path / 'dump.pkl', scored_clips())
    assert len(read_dump(tmp_path / 'dump.pkl')) == len(scored_clips())


def test_cut_off_dump_is_one_sentence(tmp_path):
    write_dump(tmp_path / 'whole.pkl', scored_clips())
    whole = (tmp_path / 'whole.pkl').read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / 'dump.pkl').write_bytes(whole[:length])
        with pytest.raises(UserError, match=r'cannot read .*dump\.pkl as a dump .*write it anew'):
            read_dump(tmp_path / 'dump.pkl')


@pytest.mark.parametrize(
    'content, fault',
    [
        ([], 'expected a list of clips'),
        ({'a': 1}, 'expected a list of clips'),
        ([{'bboxes': 1}], 'clip 1: expected pred_score and gt_label'),
        ([dict(pred_score={'rgb': [0.5], 'pose': [0.5]}, gt_label=0)], 'several streams'),
        ([dict(pred_score=[0.5, float('nan')], gt_label=0)], 'clip 1: expected one finite score a class'),
        ([dict(pred_score=[0.5, 0.5], gt_label=2)], 'a label 2 does not fit scores of 2 classes'),
        ([dict(pred_score=[0.5, 0.5], gt_label=[1, 0, 0])], 'does not fit scores of 2 classes'),
        ([dict(pred_score=['a'], gt_label=0)], 'expected numbers in pred_score, got str'),
        ([dict(pred_score=[[0.5, 0.5]], gt_label=0)], 'expected numbers in pred_score, got list'),
        ([dict(pred_score=[0.5, 10**100], gt_label=0)], 'pred_score is too large|one finite score'),
        ([dict(pred_score=[1e300, 0], gt_label=0)], 'one finite score'),
        ([dict(pred_score=[], gt_label=[])], 'scores of at least one class'),
        ([dict(pred_score=np.eye(2), gt_label=0)], r'one finite score a class, got an array .2, 2.'),
        ([dict(pred_score=[0.5, 0.5], gt_label='x')], 'expected numbers in gt_label, got str'),
        ([dict(pred_score=[0.5, 0.5], gt_label=None)], 'expected numbers in gt_label, got NoneType'),
        ([dict(pred_score=[0.5, 0.5], gt_label=10**100)], 'gt_label is too large'),
        ([dict(pred_score=[0.5, 0.5], gt_label=float('nan'))], 'a label nan; expected an integer'),
        ([dict(pred_score=[0.5, 0.5], gt_label=1.7)], r'a label 1\.7; expected an integer'),
        ([dict(pred_score=[0.5, 0.5], gt_label=-5)], 'a label -5; expected an integer'),
        ([dict(pred_score=[0.5, 0.5], gt_label=[3, -1])], 'expected 0 or 1 for each class'),
        ([dict(pred_score=[0.5, 0.5], gt_label=[])], 'does not fit scores of 2 classes'),
        (
            [dict(pred_score=[0.5, 0.5], gt_label=0, filename=np.zeros(3))],
            'expected a path as text in filename',
        ),
        ([dict(pred_score=[0.5, 0.5], gt_label=0, frame_dir=7)], 'as text in frame_dir, got int'),
        (
            [dict(pred_score=[0.5, 0.5], gt_label=0), dict(pred_score=[1.0, 0, 0], gt_label=0)],
            'scores of 2 and of 3 classes',
        ),
    ],
)
def test_other_content_is_one_sentence(content, fault, tmp_path):
    (tmp_path / 'dump.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(UserError, match=fault):
        read_dump(tmp_path / 'dump.pkl')


def test_missing_dump_says_how_to_make_it(tmp_path):
    with pytest.raises(UserError, match=r'no dump at .*--dump'):
        read_dump(tmp_path / 'nowhere.pkl')


def test_samples_carry_names_beside_what_they_had():
    steps = [dict(type='Resize'), dict(type='PackActionInputs', meta_keys=('img_shape', 'pad'))]
    cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=steps))))
    name_clips(cfg)
    name_clips(cfg)
    assert cfg.test_dataloader.dataset.pipeline[1].meta_keys == (
        'img_shape',
        'pad',
        'filename',
        'frame_dir',
    )
    assert cfg.test_dataloader.dataset.pipeline[0] == dict(type='Resize')


def test_samples_of_real_videos_carry_their_names(tmp_path):
    write_dataset(tmp_path / 'demo', num_clips=16, num_val=8, seed=0)
    cfg = installed_config('mmtin', 'tin_r18_demo.py')
    cfg.merge_from_dict(
        {
            'test_dataloader.dataset.ann_file': str(tmp_path / 'demo/val.txt'),
            'test_dataloader.dataset.data_prefix.video': str(tmp_path / 'demo'),
        }
    )
    name_clips(cfg)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    name = (tmp_path / 'demo/val.txt').read_text().split()[0]
    assert dataset[0]['data_samples'].to_dict()['filename'] == str(tmp_path / 'demo' / name)
