"""Checks before anything is built: lists, labels, loaders, schedules."""

import copy
import os

import pytest
import torch
from mmaction.datasets import VideoDataset
from mmengine.config import Config

from mmtin.engine.preflight import TRAINING, look_over
from mmtin.engine.preflight.lists import check_test_lists, check_training_lists, follow_labels
from mmtin.engine.preflight.loaders import check_loaders, limit_workers
from mmtin.engine.preflight.optimizer import check_optimizer
from mmtin.engine.preflight.schedule import check_length, follow_max_epochs, refuse_short_schedule
from mmtin.engine.preflight.start import warn_of_frozen_noise
from mmtin.engine.preflight.validation import check_save_best
from mmtin.engine.preflight.work_dir import require_writable_work_dir
from mmtin.errors import UserError


def make_config(folder, train='a.mp4 0\n', val='a.mp4 1\n', kind='VideoClipDataset', **dataset) -> Config:
    cfg = Config(dict(model=dict(backbone={}, cls_head=dict(num_classes=2)), optim_wrapper={}))
    for name, lines in (('train', train), ('val', val), ('test', val)):
        (folder / f'{name}.txt').write_text(lines)
        listed = dict(type=kind, ann_file=str(folder / f'{name}.txt'), **dataset)
        cfg[f'{name}_dataloader'] = dict(batch_size=2, num_workers=0, dataset=listed)
    cfg.work_dir = str(folder / 'work')
    return cfg


@pytest.mark.parametrize('label', [2, -1])
def test_label_that_the_network_lacks_names_list_and_line(label, tmp_path):
    sentence = rf'{{}}.txt, line 2: label {label}, but model.cls_head.num_classes=2 has 0 to 1'
    lines = f'a.mp4 0\nb.mp4 {label}\n'
    with pytest.raises(UserError, match=sentence.format('train')):
        check_training_lists(make_config(tmp_path, train=lines))
    with pytest.raises(UserError, match=sentence.format('val')):
        check_training_lists(make_config(tmp_path, val=lines))
    with pytest.raises(UserError, match=sentence.format('test')):
        check_test_lists(make_config(tmp_path, val=lines))


def test_stock_datasets_and_wrapped_ones_are_looked_at(tmp_path):
    frames = make_config(tmp_path, train='a 12 0\nb 12 5\n', kind='mmaction.RawframeDataset')
    with pytest.raises(UserError, match='line 2: label 5'):
        check_training_lists(frames)
    cfg = make_config(tmp_path, train='a.mp4 9\n', kind='VideoDataset')
    cfg.train_dataloader.dataset = dict(type='RepeatDataset', times=2, dataset=cfg.train_dataloader.dataset)
    with pytest.raises(UserError, match='line 1: label 9'):
        check_training_lists(cfg)


@pytest.mark.parametrize('mark', ['\t', ' ', ','])
@pytest.mark.parametrize('stated', [None, '\t', ' ', ','])
def test_stock_dataset_is_told_what_divides_its_lines(stated, mark, tmp_path):
    options = {} if stated is None else dict(delimiter=stated)
    lines = f'a.mp4{mark}0\nb.mp4{mark}1\n'
    cfg = make_config(tmp_path, train=lines, val=lines, kind='VideoDataset', **options)
    check_training_lists(cfg)
    for name in ('train', 'val'):
        dataset = VideoDataset(pipeline=[], **without_type(cfg[f'{name}_dataloader'].dataset))
        assert [info['label'] for info in dataset.load_data_list()] == [0, 1]


def without_type(node):
    return {key: value for key, value in node.items() if key != 'type'}


def test_stock_dataset_says_why_it_cannot_read_blanks(tmp_path):
    cfg = make_config(tmp_path, train='a.mp4 0\nmy b.mp4 1\n', kind='VideoDataset', delimiter=' ')
    with pytest.raises(
        UserError, match=r"line 2: .* each blank and cannot read 'my b.mp4 1'; set type='mmtin.VideoClip"
    ):
        check_training_lists(cfg)
    cfg.train_dataloader.dataset.type = 'VideoClipDataset'
    check_training_lists(cfg)


@pytest.mark.parametrize('kind', ['VideoDataset', 'VideoClipDataset'])
def test_line_that_does_not_fit_is_named(kind, tmp_path):
    with pytest.raises(
        UserError, match=r"""train.txt, line 2: expected "path label", got 'b.mp4 fight'; repair the line"""
    ):
        check_training_lists(make_config(tmp_path, train='a.mp4 0\nb.mp4 fight\n', kind=kind))


def test_lists_of_other_packages_are_left_alone(tmp_path):
    class OtherListDataset(VideoDataset):
        def load_data_list(self):
            return []

    cfg = make_config(tmp_path, train='whatever;7\n', val='whatever;7\n')
    before = {}
    for name in ('train', 'val'):
        cfg[f'{name}_dataloader'].dataset.type = OtherListDataset
        before[name] = dict(cfg[f'{name}_dataloader'].dataset)
    check_training_lists(cfg)
    assert {name: dict(cfg[f'{name}_dataloader'].dataset) for name in before} == before


def test_several_labels_of_a_clip_are_looked_at(tmp_path):
    with pytest.raises(UserError, match='line 1: label 2'):
        check_training_lists(make_config(tmp_path, train='a.mp4 0 2\n', multi_class=True))


def test_only_a_test_may_lack_labels(tmp_path):
    check_test_lists(make_config(tmp_path, val='a.mp4\n'))
    with pytest.raises(UserError, match=r'train.txt, line 1: no label; put one from 0 to 1 behind it'):
        check_training_lists(make_config(tmp_path, train='a.mp4\n'))


def test_labels_txt_and_num_classes_must_agree(tmp_path):
    (tmp_path / 'labels.txt').write_text('calm\nfight\n')
    cfg = make_config(tmp_path)
    check_training_lists(cfg)
    cfg.model.cls_head.num_classes = 8
    cfg.train_dataloader.dataset.num_classes = 8
    with pytest.raises(UserError, match=r'labels.txt beside .*train.txt names 2 .*num_classes=8; set that'):
        check_training_lists(cfg)
    follow_labels(cfg, Config(dict(model=dict(cls_head=dict(num_classes=4)))))
    assert cfg.model.cls_head.num_classes == 8, 'an option said so'
    follow_labels(cfg, copy.deepcopy(cfg))
    assert cfg.model.cls_head.num_classes == cfg.train_dataloader.dataset.num_classes == 2
    check_training_lists(cfg)


@pytest.mark.parametrize('entry, value', [('batch_size', 0), ('batch_size', 1.5), ('num_workers', -1)])
def test_loaders_that_cannot_be(entry, value, tmp_path):
    cfg = make_config(tmp_path)
    cfg.train_dataloader[entry] = value
    with pytest.raises(
        UserError, match=rf'train_dataloader.{entry} must be a whole number, . or more, got'
    ):
        check_loaders(cfg)


def test_no_workers_need_no_other_entry_to_change(tmp_path):
    cfg = make_config(tmp_path)
    cfg.train_dataloader.update(persistent_workers=True, prefetch_factor=2)
    cfg.val_dataloader.update(persistent_workers=True, num_workers=1)
    check_loaders(cfg)
    assert set(cfg.train_dataloader) == {'batch_size', 'num_workers', 'dataset'}
    assert cfg.val_dataloader.persistent_workers


def test_a_recipe_gets_no_more_workers_than_there_are_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda process: {0, 1}, raising=False)
    cfg = make_config(tmp_path)
    cfg.train_dataloader.update(num_workers=4, persistent_workers=True)
    cfg.test_dataloader.num_workers = 2
    written = copy.deepcopy(cfg)
    cfg.val_dataloader.num_workers = 8
    limit_workers(cfg, written)
    assert cfg.train_dataloader.num_workers == 2
    assert cfg.train_dataloader.persistent_workers
    assert cfg.test_dataloader.num_workers == 2
    assert cfg.val_dataloader.num_workers == 8, 'an option said so'


def test_work_dir_that_cannot_be_written(tmp_path):
    cfg = make_config(tmp_path)
    (tmp_path / 'work').write_text('a file')
    with pytest.raises(UserError, match=r'cannot write to the work directory .*work .*; name another with'):
        require_writable_work_dir(cfg)


def warm_up_and_cosine() -> Config:
    return Config(
        dict(
            train_cfg=dict(type='ResumableTrainLoop', max_epochs=40),
            param_scheduler=[
                dict(type='LinearLR', by_epoch=True, begin=0, end=1),
                dict(type='CosineAnnealingLR', by_epoch=True, begin=1, end=40, T_max=39),
            ],
        )
    )


def test_schedule_follows_max_epochs():
    written = warm_up_and_cosine()
    cfg = copy.deepcopy(written)
    cfg.train_cfg.max_epochs = 15
    follow_max_epochs(cfg, written)
    warm_up, cosine = cfg.param_scheduler
    assert (warm_up.begin, warm_up.end) == (0, 1)
    assert (cosine.begin, cosine.end, cosine.T_max) == (1, 15, 14)
    written.param_scheduler = [dict(type='MultiStepLR', begin=0, end=40, milestones=[16, 32])]
    cfg = copy.deepcopy(written)
    cfg.train_cfg.max_epochs = 10
    follow_max_epochs(cfg, written)
    assert cfg.param_scheduler[0] == dict(type='MultiStepLR', begin=0, end=10, milestones=[4, 8])


def test_one_epoch_of_a_schedule_is_its_warm_up():
    written = warm_up_and_cosine()
    cfg = copy.deepcopy(written)
    cfg.train_cfg.max_epochs = 1
    follow_max_epochs(cfg, written)
    assert cfg.param_scheduler == [dict(type='LinearLR', by_epoch=True, begin=0, end=1)]


@pytest.mark.parametrize('reason', ['of another package', 'set by an option', 'shorter than the training'])
def test_schedule_that_is_left_alone(reason):
    written = warm_up_and_cosine()
    if reason == 'of another package':
        written.train_cfg.type = 'EpochBasedTrainLoop'
    if reason == 'shorter than the training':
        del written.param_scheduler[1]
    cfg = copy.deepcopy(written)
    if reason == 'set by an option':
        cfg.param_scheduler[1].end = 20
    before = copy.deepcopy(cfg.param_scheduler)
    cfg.train_cfg.max_epochs = 15
    follow_max_epochs(cfg, written)
    assert cfg.param_scheduler == before


def test_schedule_that_would_end_the_training_is_refused():
    cycle = dict(type='OneCycleLR', by_epoch=True, total_steps=5)
    cfg = Config(dict(train_cfg=dict(max_epochs=15), param_scheduler=[cycle]))
    with pytest.raises(UserError, match=r'OneCycleLR .* total_steps=5 epochs, but train_cfg.max_epochs=15'):
        refuse_short_schedule(cfg)
    cfg.train_cfg.max_epochs = 5
    refuse_short_schedule(cfg)


@pytest.mark.parametrize(
    'entry, value',
    [
        ('max_epochs', 0),
        ('max_epochs', -1),
        ('max_epochs', 2.5),
        ('max_epochs', 'abc'),
        ('max_iters', 0),
        ('val_interval', 0),
        ('val_begin', 'abc'),
    ],
)
def test_length_that_cannot_be(entry, value):
    with pytest.raises(UserError, match=f'train_cfg.{entry} must be a whole number, [01] or more, got'):
        check_length(Config(dict(train_cfg={entry: value})))


def test_whole_number_with_a_point_is_one():
    cfg = Config(dict(train_cfg=dict(max_epochs=2.0)))
    check_length(cfg)
    assert isinstance(cfg.train_cfg.max_epochs, int)


@pytest.mark.parametrize(
    'optimizer, sentence',
    [
        (dict(type='Adamw'), r"type='Adamw' names no optimizer; do you mean AdamW\?"),
        (dict(type='torch.optim.SDG'), r"type='torch.optim.SDG' names no optimizer; do you mean SGD\?"),
        (dict(type='SGD', lr='abc'), "optim_wrapper.optimizer.lr must be a number, got 'abc'"),
    ],
)
def test_optimizer_that_cannot_be(optimizer, sentence):
    with pytest.raises(UserError, match=sentence):
        check_optimizer(Config(dict(optim_wrapper=dict(optimizer=optimizer))))


@pytest.mark.parametrize(
    'optimizer, options',
    [
        (dict(type='SGD', lr=1), {}),
        (dict(type='torch.optim.SGD', lr=None), {}),
        (dict(type=torch.optim.SGD), {}),
        (dict(type='HybridAdam'), dict(strategy=dict(type='ColossalAIStrategy'))),
    ],
)
def test_optimizer_that_may_be(optimizer, options):
    check_optimizer(Config(dict(optim_wrapper=dict(optimizer=optimizer), **options)))


def best_by(save_best, *metrics):
    hooks = dict(checkpoint=dict(save_best=save_best))
    return Config(dict(default_hooks=hooks, val_evaluator=list(metrics)))


ACC = dict(type='AccMetric')
DUMP = dict(type='DumpResults', out_file_path='scores.pkl')


@pytest.mark.parametrize(
    'save_best, metrics, end',
    [
        ('top1', [ACC], 'the validation gives acc/top1, acc/top5, acc/mean1; do you mean acc/top1?'),
        (['acc/top1', 'acc/top2'], [ACC, DUMP], 'acc/mean1; do you mean acc/top1?'),
        ('val/top1', [ACC | dict(prefix='val', metric_list='mean_class_accuracy')], 'gives val/mean1; .*'),
    ],
)
def test_best_by_a_metric_that_is_none(save_best, metrics, end):
    with pytest.raises(UserError, match=f'save_best=.*{end}'):
        check_save_best(best_by(save_best, *metrics))


@pytest.mark.parametrize(
    'save_best, metrics',
    [
        ('acc/top1', [ACC]),
        ('auto', [ACC]),
        (None, [ACC]),
        ('acc/rgb_top1', [ACC]),
        ('acc/RGBPose_1:1_top1', [ACC]),
        ('acc/top3', [ACC | dict(metric_options=dict(top_k_accuracy=dict(topk=(1, 3))))]),
        ('mAP', [ACC, dict(type='AVAMetric')]),
        ('mAP', [dict(type='elsewhere.Metric')]),
        ('mAP', []),
    ],
)
def test_best_by_a_metric_that_may_be(save_best, metrics):
    check_save_best(best_by(save_best, *metrics))


def test_frozen_batchnorm_without_weights_is_told(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr('mmtin.engine.preflight.start.print_log', lambda text, *_: told.append(text))
    cfg = make_config(tmp_path)
    cfg.model.backbone.norm_eval = True
    cfg.load_from = 'weights.pth'
    warn_of_frozen_noise(cfg)
    assert told == []
    cfg.load_from = None
    warn_of_frozen_noise(cfg)
    assert 'BatchNorm is frozen' in told[0]
    # Options that a network without norm_cfg can be built with.
    assert told[0].endswith('either set load_from, or train BatchNorm with model.backbone.norm_eval=False.')
    cfg.model.backbone.norm_cfg = dict(type='BN', requires_grad=False)
    warn_of_frozen_noise(cfg)
    assert told[1].endswith('model.backbone.norm_eval=False model.backbone.norm_cfg.requires_grad=True.')


def test_all_checks_pass_what_is_right(tmp_path):
    cfg = make_config(tmp_path)
    cfg.train_cfg = dict(max_epochs=3)
    look_over(cfg, TRAINING)
