"""A clip that cannot be read is replaced in training, scored as wrong in a test and always reported."""

import re
import zipfile
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmaction.evaluation import AccMetric, ConfusionMatrix
from mmengine.config import Config
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from packaging.version import Version

from mmtin.datasets import RawframeClipDataset, VideoClipDataset
from mmtin.datasets.bad_clips import BAD_CLIPS, WrongPrediction, bad_clips_of
from mmtin.engine import BadClipsHook
from mmtin.errors import UserError
from mmtin.scores.dumps import read_dump
from tests.configs.experiments import CONFIGS
from tests.datasets.owner_files import write_clip, write_lines
from tests.report.tiny_run import NUM_VAL, tiny_config, write_videos

NUM_FRAMES = 12
VIDEO = [
    dict(type='VideoInit'),
    dict(type='SampleFrames', clip_len=1, num_clips=NUM_FRAMES),
    dict(type='VideoDecode'),
]
FRAMES = [dict(type='SampleFrames', clip_len=1, num_clips=NUM_FRAMES), dict(type='RawFrameDecode')]
PACK = [
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename', 'frame_dir')),
]


def write_audio(path: Path) -> None:
    av = pytest.importorskip('av')
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('aac', rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.float32), 'fltp', 'mono')
        frame.rate = 16000
        for packet in (*stream.encode(frame), *stream.encode()):
            container.mux(packet)


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


VIDEO_FAULTS = {
    'no bytes': lambda path: path.write_bytes(b''),
    'truncated': lambda path: cut(path, 0.5),
    'missing': Path.unlink,
    'text': lambda path: path.write_text('no video at all'),
    'archive': lambda path: zipfile.ZipFile(path, 'w').writestr('clip', bytes(1000)),
    'sound alone': write_audio,
}
FRAME_FAULTS = {
    'frame missing': Path.unlink,
    'frame truncated': lambda path: cut(path, 0.5),
    'frame without bytes': lambda path: path.write_bytes(b''),
    'frame of text': lambda path: path.write_text('no image at all'),
}
FAULTS = [('video', fault) for fault in VIDEO_FAULTS] + [('frames', fault) for fault in FRAME_FAULTS]


def clips(folder, kind='video', fault=None, bad=(1,), count=4, pipeline=None, reported=True, **options):
    """A dataset whose clip i has the label i; those in ``bad`` have the fault."""
    lines = []
    for index in range(count):
        path = folder / (f'{index}.mp4' if kind == 'video' else f'{index}')
        write_clip(path, index, num_frames=NUM_FRAMES)
        if index in bad and kind == 'video':
            VIDEO_FAULTS[fault](path)
        elif index in bad:
            FRAME_FAULTS[fault](path / '00005.jpg')
        numbers = f'{index}' if kind == 'video' else f'{NUM_FRAMES} {index}'
        lines.append(f'{path.name} {numbers}')
    write_lines(folder / 'list.txt', *lines)
    dataset, prefix, steps = {
        'video': (VideoClipDataset, 'video', VIDEO),
        'frames': (RawframeClipDataset, 'img', FRAMES),
    }[kind]
    options = dict(tolerate_bad_clips=True) | options
    if kind == 'frames':
        options['filename_tmpl'] = '{:05}.jpg'
    made = dataset(
        str(folder / 'list.txt'), pipeline or [*steps, *PACK], data_prefix={prefix: str(folder)}, **options
    )
    made.reported = made.reported if reported is None else reported
    return made


@pytest.mark.parametrize('kind, fault', FAULTS, ids=[fault for _, fault in FAULTS])
def test_each_fault_is_replaced_named_and_scored_as_wrong(tmp_path, kind, fault):
    if fault == 'frame truncated' and Version(cv2.__version__) < Version('4.11'):
        pytest.skip('OpenCV before 4.11 decodes a JPEG that is cut off')
    training = clips(tmp_path, kind, fault)
    sample = training[1]
    assert int(sample['data_samples'].gt_label) in (0, 2, 3)
    ((path, reason),) = set(bad_clips_of(dict(data_samples=[sample['data_samples']])))
    assert path == str(tmp_path / ('1.mp4' if kind == 'video' else '1'))
    assert reason and '\n' not in reason
    good = training[0]
    assert int(good['data_samples'].gt_label) == 0
    assert BAD_CLIPS not in good['data_samples']

    (tmp_path / 'test').mkdir()
    test = clips(tmp_path / 'test', kind, fault, test_mode=True)
    wrong, right = test[1], test[2]
    name = 'filename' if kind == 'video' else 'frame_dir'
    assert isinstance(wrong['data_samples'], WrongPrediction)
    assert int(wrong['data_samples'].gt_label) == 1
    assert Path(wrong['data_samples'].get(name)).stem == '1'
    assert wrong['inputs'].shape == right['inputs'].shape and wrong['inputs'].dtype == right['inputs'].dtype
    assert not wrong['inputs'].any()
    assert type(right['data_samples']) is not WrongPrediction


@pytest.mark.parametrize('tolerate, hook', [(False, True), (True, False)], ids=['not asked', 'no hook'])
def test_nothing_is_replaced_unasked_or_unreported(tmp_path, tolerate, hook):
    dataset = clips(tmp_path, 'video', 'text', tolerate_bad_clips=tolerate, reported=hook)
    with pytest.raises(
        UserError, match=r'cannot read the clip \S*1\.mp4 \(.*\); repair it or take it out of'
    ):
        dataset[1]


def test_what_a_runner_reports_is_of_its_own_datasets(tmp_path):
    hook, runner = BadClipsHook(), SimpleNamespace(message_hub=MessageHub.get_current_instance())
    early = clips(tmp_path, 'video', 'text', reported=None)
    hook.before_run(runner)
    single, repeated, of_another = (clips(tmp_path, 'video', 'text', reported=None) for _ in range(3))
    for dataset in (ConcatDataset([single]), RepeatDataset(repeated, 2)):
        runner.test_loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset))
        hook.before_test(runner)
    for dataset in (early, single, repeated):
        assert BAD_CLIPS in dataset[1]['data_samples']
    with pytest.raises(UserError, match='cannot read the clip'):
        of_another[1]


@pytest.mark.parametrize('test_mode', [False, True], ids=['training', 'test'])
def test_a_set_of_bad_clips_ends_at_once(tmp_path, test_mode):
    dataset = clips(tmp_path, 'video', 'text', range(4), test_mode=test_mode, max_refetch=3)
    expected = (
        r'cannot read the clip \S*2\.mp4 \(.*\), nor 3 others tried in its place; .*mend the pipeline'
    )
    with pytest.raises(UserError, match=expected):
        dataset[2]


@pytest.mark.parametrize('error', [TypeError, KeyError, AttributeError, MemoryError, ImportError])
def test_errors_of_the_program_are_not_hidden(tmp_path, error):
    def fail(results):
        raise error('of the program')

    dataset = clips(tmp_path, bad=(), pipeline=[*VIDEO, fail, *PACK])
    with pytest.raises(error, match='of the program'):
        dataset[0]


def predictions(scores, labels, bad):
    samples = []
    for index, (score, label) in enumerate(zip(scores, labels)):
        sample = WrongPrediction() if index in bad else WrongPrediction.__base__()
        samples.append(
            sample.set_gt_label(label).set_pred_score(score).set_pred_label(score.argmax()[None])
        )
    return [sample.to('cpu').to_dict() for sample in samples]


def test_lucky_predictions_of_bad_clips_are_wrong_in_every_metric():
    labels = [0, 1, 2, 7]
    scores = torch.eye(8)[labels]  # all right
    samples = predictions(scores, labels, bad=(0, 3))
    metric, confusion = AccMetric(), ConfusionMatrix()
    metric.process(None, samples)
    confusion.process(None, samples)
    assert metric.evaluate(4) == {'acc/top1': 0.5, 'acc/top5': 0.5, 'acc/mean1': 0.5}
    matrix = confusion.evaluate(4)['confusion_matrix/result']
    assert matrix.sum() == 4 and matrix.diag().tolist() == [0, 1, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize('label', [2, torch.eye(8)[2] + torch.eye(8)[5]], ids=['one label', 'several'])
def test_scores_of_clips_that_are_not_averaged(label):
    scores = WrongPrediction().set_gt_label(label).set_pred_score(torch.rand(3, 8)).pred_score
    lowest = [2] if isinstance(label, int) else [2, 5]
    assert scores.shape == (3, 8)
    assert (scores[:, lowest] == 0).all() and (scores > 0).sum() == 3 * (8 - len(lowest))


def test_several_labels_of_a_bad_clip_come_last():
    labels = torch.zeros(6, 10)
    labels[range(6), range(6)] = labels[range(6), range(1, 7)] = 1
    metrics = ('mmit_mean_average_precision', 'mean_average_precision')
    found = {}
    for bad in ((), (2,)):
        metric = AccMetric(metric_list=metrics)
        metric.process(None, predictions(0.1 + 0.8 * labels, labels, bad))
        found[bad] = metric.evaluate(6)
    assert found[()] == {f'acc/{metric}': 1 for metric in metrics}
    # Of ten scores the two right ones are the last, which gives a precision of 2 / 10 for this clip.
    assert found[2,]['acc/mmit_mean_average_precision'] == pytest.approx((5 + 0.2) / 6)
    # Two of seven classes lose one of their two clips: it comes after the other and four wrong ones.
    assert found[2,]['acc/mean_average_precision'] == pytest.approx((5 + 2 * (1 + 2 / 6) / 2) / 7)


def tiny(folder, work_dir, num_workers=2, **hook):
    cfg = tiny_config(folder, work_dir)
    cfg.default_hooks.bad_clips = dict(type='BadClipsHook', **hook)
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=-1, save_last=False)
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.update(batch_size=3, num_workers=num_workers)
        loader.dataset.tolerate_bad_clips = True
    return cfg


def log_of(runner):
    (file,) = Path(runner.log_dir).glob('*.log')
    return file.read_text()


def test_run_goes_on_and_tells(tmp_path):
    write_videos(tmp_path)
    (tmp_path / 'train3.mp4').unlink()
    cut(tmp_path / 'val1.mp4', 0.5)
    runner = Runner.from_cfg(tiny(tmp_path, tmp_path / 'run', max_share=0.2))
    runner.train()
    metrics = runner.test()
    assert runner.iter == 2 * 3  # 8 clips in batches of 3, two epochs

    log, folder = log_of(runner), Path(runner.log_dir)
    assert len(re.findall(r'Replaced a clip that cannot be read: \S*train3\.mp4 \(', log)) == 1
    assert (folder / 'train_bad_clips.txt').read_text().startswith(f'{tmp_path}/train3.mp4\t')
    last = log.strip().splitlines()[-1]
    assert f'1 of {NUM_VAL} clips cannot be read and were scored as wrong: {tmp_path}/val1.mp4.' in last
    for mode in ('val', 'test'):
        assert (folder / f'{mode}_bad_clips.txt').read_text().count('\n') == 1

    dump = read_dump(tmp_path / 'run/predictions.pkl')
    assert len(dump) == NUM_VAL
    right = [clip.scores.argmax() == clip.label for clip in dump]
    assert not right[1]
    assert metrics['acc/top1'] == pytest.approx(np.mean(right))


def test_a_loop_by_iteration_tolerates_from_the_first_clip(tmp_path):
    """mmengine starts its workers when it is built, before any hook has a turn."""
    write_videos(tmp_path)
    for index in range(3):
        (tmp_path / f'train{index}.mp4').write_bytes(b'')
    cfg = tiny(tmp_path, tmp_path / 'run', num_workers=1, max_share=0.5)
    cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=False)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=3, val_interval=3)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 3
    bad = Path(runner.log_dir, 'train_bad_clips.txt').read_text()
    assert sorted(line.split('\t')[0] for line in bad.splitlines()) == [
        f'{tmp_path}/train{index}.mp4' for index in range(3)
    ]


def test_too_many_bad_clips_stop_the_run(tmp_path):
    write_videos(tmp_path)
    for index in (1, 4):
        (tmp_path / f'train{index}.mp4').write_bytes(b'')
    cfg = tiny(tmp_path, tmp_path / 'run', num_workers=0, max_share=0.2)
    with pytest.raises(UserError, match=r'2 of 8 clips cannot be read, and max_share .* allows 20%'):
        Runner.from_cfg(cfg).train()


def test_a_run_in_which_every_clip_fails_stops_at_once(tmp_path):
    write_videos(tmp_path)
    for video in tmp_path.glob('train*.mp4'):
        video.write_bytes(b'')
    runner = Runner.from_cfg(tiny(tmp_path, tmp_path / 'run', num_workers=0))
    with pytest.raises(UserError, match='mend the pipeline if every clip fails'):
        runner.train()
    assert runner.iter == 0


@pytest.mark.parametrize('name', ['tin_r50_sthv1', 'tin_r50_ucf101', 'tin_r101_mmit', 'tin_r18_demo'])
def test_shipped_experiments_tolerate_and_report(name):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    for part in ('train', 'val', 'test'):
        assert cfg[f'{part}_dataloader'].dataset.tolerate_bad_clips
    assert cfg.default_hooks.bad_clips.type == 'BadClipsHook'
