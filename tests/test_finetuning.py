"""From one's own videos to a network: completing the config, training, testing, predicting."""

import re
import shlex
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.config import read_config, refuse_late_options
from mmtin.engine.next_steps import next_steps
from mmtin.errors import UserError
from mmtin.finetuning import use_own_videos
from mmtin.prediction import class_names
from tests.configs.experiments import CONFIGS, small
from tests.datasets.own.own_files import make_folders


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Four videos of one class, eight of the other."""
    return make_folders(tmp_path_factory.mktemp('own') / 'my videos', turn_left=4, turn_right=8)


def load(work_dir: Path, data: Path | str | None, name: str = 'tin_r18_finetune', **options) -> Config:
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.merge_from_dict(dict(work_dir=str(work_dir), data=data and str(data), **options))
    return cfg


def completed(work_dir: Path, data: Path | str | None, **options) -> Config:
    cfg = load(work_dir, data, **options)
    use_own_videos(cfg)
    return cfg


def with_several_labels(folder: Path, path: Path) -> Path:
    clips = sorted(folder.rglob('*.mp4'))
    lines = [f'{clip.relative_to(folder)}\t{clip.parent.name}' for clip in clips]
    lines[0] += '\tturn_right'
    path.write_text('\n'.join(lines) + '\n')
    return path


@pytest.mark.parametrize('name, depth', [('tin_r50_finetune', 50), ('tin_r18_finetune', 18)])
def test_classes_lists_and_names_come_from_the_folders(name, depth, folder, tmp_path):
    cfg = load(tmp_path, folder, name)
    assert (cfg.model.backbone.depth, cfg.model.backbone.num_segments) == (depth, 8)
    assert cfg.load_from.startswith('https://')
    use_own_videos(cfg)
    assert (tmp_path / 'split/labels.txt').read_text() == 'turn_left\nturn_right\n'
    assert len((tmp_path / 'split/val.txt').read_text().splitlines()) == 3
    assert cfg.model.cls_head.num_classes == 2
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        part = 'train' if loader is cfg.train_dataloader else 'val'
        assert loader.dataset.ann_file == str(tmp_path / f'split/{part}.txt')
        assert loader.dataset.data_prefix.video == str(folder)
    # Each class is the mirrored other one.
    (flip,) = [step for step in cfg.train_dataloader.dataset.pipeline if step.type == 'FlipWithLabel']
    assert flip.labels == str(tmp_path / 'split/labels.txt')


def test_second_run_uses_the_same_division(folder, tmp_path):
    completed(tmp_path, folder)
    lists = {path: path.read_bytes() for path in (tmp_path / 'split').iterdir()}
    assert {path.name for path in lists} == {'labels.txt', 'train.txt', 'val.txt', 'source.json'}
    again = completed(tmp_path, folder)
    assert again.model.cls_head.num_classes == 2
    # Later the videos need not be named again.
    assert completed(tmp_path, None).train_dataloader == again.train_dataloader
    assert {path: path.read_bytes() for path in (tmp_path / 'split').iterdir()} == lists


@pytest.mark.parametrize('options', [{'finetune.seed': 1}, {'finetune.val_share': 0.5}, {'data': '.'}])
def test_another_division_is_not_written_over_the_first(options, folder, tmp_path):
    completed(tmp_path, folder)
    before = (tmp_path / 'split/val.txt').read_text()
    with pytest.raises(UserError, match='which is not what was asked for; choose another --work-dir'):
        completed(tmp_path, **{'data': folder, **options})
    assert (tmp_path / 'split/val.txt').read_text() == before


def test_videos_that_came_later_are_told_of(tmp_path, monkeypatch):
    folder = make_folders(tmp_path / 'mine', run=2, walk=2)
    completed(tmp_path / 'work', folder)
    make_folders(folder / 'walk', later=1)
    said = []
    monkeypatch.setattr('mmtin.finetuning.print_log', lambda text, *_: said.append(text))
    cfg = completed(tmp_path / 'work', folder)
    assert re.match(
        r'1 videos of .*, such as walk/later/0\.mp4, came after the videos were divided', said[0]
    )
    assert 'later' not in Path(cfg.train_dataloader.dataset.ann_file).read_text()


def test_nothing_else_in_the_work_dir_is_touched(folder, tmp_path):
    (tmp_path / 'split').mkdir()
    (tmp_path / 'split/mine.txt').write_text('mine')
    with pytest.raises(UserError, match=r'split is damaged .*; remove it'):
        completed(tmp_path, folder)
    assert (tmp_path / 'split/mine.txt').read_text() == 'mine'


def test_batch_norm_is_frozen_where_few_clips_meet_weights(folder, tmp_path):
    def frozen(**options):
        backbone = completed(tmp_path, folder, **options).model.backbone
        assert backbone.get('norm_eval', False) == (backbone.get('norm_cfg') is not None)
        return backbone.get('norm_eval', False)

    assert frozen()
    assert not frozen(**{'train_dataloader.batch_size': 16})
    assert not frozen(load_from=None)
    assert not frozen(**{'finetune.batch_norm': 'trained'})
    assert frozen(**{'finetune.batch_norm': 'frozen', 'train_dataloader.batch_size': 16})
    resumed = load(tmp_path, folder, load_from=None)  # as --resume leaves it
    use_own_videos(resumed, load_from='https://kinetics.pth')
    assert resumed.model.backbone.norm_eval


def test_balanced_weights_let_every_class_count_the_same(folder, tmp_path):
    cfg = completed(tmp_path, folder, **{'finetune.class_weight': 'balanced'})
    # 3 and 6 videos to train on.
    assert cfg.model.cls_head.loss_cls == dict(type='CrossEntropyLoss', class_weight=[1.5, 0.75])
    assert cfg.default_hooks.checkpoint.save_best == 'acc/mean1'
    assert completed(tmp_path, folder).default_hooks.checkpoint.save_best == 'acc/top1'


def test_classes_are_drawn_as_often_on_request(folder, tmp_path):
    cfg = completed(tmp_path, folder, **{'finetune.sampling': 'balanced'})
    assert cfg.train_dataloader.sampler == dict(type='BalancedSampler')
    assert cfg.val_dataloader.sampler.type == 'SeededSampler'
    assert cfg.default_hooks.checkpoint.save_best == 'acc/mean1'
    assert completed(tmp_path, folder).train_dataloader.sampler.type == 'SeededSampler'


def test_precision_is_mixed_on_a_gpu(folder, tmp_path, monkeypatch):
    for name in ('mmtin.finetuning', 'mmtin.config'):
        monkeypatch.setattr(f'{name}.get_device', lambda: 'cuda')
    assert completed(tmp_path, folder).optim_wrapper.type == 'AmpOptimWrapper'
    assert 'type' not in completed(tmp_path, folder, **{'finetune.amp': False}).optim_wrapper
    for name in ('mmtin.finetuning', 'mmtin.config'):
        monkeypatch.setattr(f'{name}.get_device', lambda: 'cpu')
    assert 'type' not in completed(tmp_path, folder).optim_wrapper
    with pytest.raises(UserError, match=r'mixed precision .* needs a GPU'):
        completed(tmp_path, folder, **{'finetune.amp': True})


def test_several_labels(folder, tmp_path):
    data = with_several_labels(folder, tmp_path / 'list.txt')
    cfg = completed(tmp_path / 'work', data, **{'finetune.media': str(folder)})
    assert cfg.model.cls_head.type == 'MultiLabelTSMHead'
    assert cfg.model.cls_head.loss_cls.type == 'BCELossWithLogits'
    assert cfg.default_hooks.checkpoint.save_best == 'acc/mean_average_precision'
    with pytest.raises(UserError, match='multi_label=False, but a line of the list has several labels'):
        completed(tmp_path / 'work', data, **{'finetune.media': str(folder), 'finetune.multi_label': False})


@pytest.mark.parametrize(
    'option, value, expected',
    [
        ('multi_label', 'no', "must be True, False or None, got 'no'"),
        ('multi_label', 0, 'must be True, False or None, got 0'),
        ('patience', 'x', "must be a whole number, 1 or more, or None, got 'x'"),
        ('patience', 0, 'must be a whole number, 1 or more, or None, got 0'),
        ('seed', 'x', "must be a whole number, got 'x'"),
        ('val_share', '20%', "must be a number above 0 and below 1, such as 0.2, got '20%'"),
        ('val_share', 20, 'must be a number above 0 and below 1, such as 0.2, got 20'),
        ('val_data', ['a.txt', 'b.txt'], 'must be the path of one list, or None, got'),
        ('media', 3, 'must be the path of one folder, or None, got 3'),
        (
            'class_weight',
            'equal',
            r"must be 'balanced' or None \(weights of your own go to .*\), got 'equal'",
        ),
        ('sampling', 'equal', "must be 'balanced' or None, got 'equal'"),
        ('batch_norm', 'on', "must be 'auto', 'frozen' or 'trained', got 'on'"),
        ('amp', 1, "must be 'auto', True or False, got 1"),
    ],
)
def test_values_that_mean_nothing(option, value, expected, folder, tmp_path):
    with pytest.raises(UserError, match=rf'^finetune\.{option} {expected}'):
        completed(tmp_path, folder, **{f'finetune.{option}': value})
    assert not (tmp_path / 'split').exists()


def test_two_lists_as_one(tmp_path):
    cfg = load(tmp_path, None)
    cfg.data = ['train.txt', 'val.txt']
    with pytest.raises(UserError, match=r'data must be .* a list to validate on goes into'):
        use_own_videos(cfg)


def test_options_go_where_they_count(folder, tmp_path):
    cfg = load(tmp_path, folder)
    refuse_late_options(cfg, ['data', 'finetune', 'load_from'])
    with pytest.raises(UserError, match=r'num_classes=5, but .* has 2 classes; leave the option out'):
        completed(tmp_path, folder, **{'model.cls_head.num_classes': 5})
    with pytest.raises(
        UserError, match=r'finetune\.class_weights would change nothing; finetune takes val_data'
    ):
        completed(tmp_path, folder, **{'finetune.class_weights': 'balanced'})
    with pytest.raises(UserError, match='needs your videos: --cfg-options data=FOLDER'):
        completed(tmp_path / 'other', None)
    other = Config.fromfile(CONFIGS / 'tin_r50_ucf101.py')
    with pytest.raises(UserError, match=r'data and finetune are options of tin_r50_finetune\.py'):
        use_own_videos(Config(dict(other, work_dir=str(tmp_path), finetune=dict(batch_norm='trained'))))
    other.merge_from_dict(dict(data='mine', work_dir=str(tmp_path)))
    with pytest.raises(UserError, match=r'data and finetune are options of tin_r50_finetune\.py'):
        use_own_videos(other)
    with pytest.raises(
        UserError, match=r'give the config that training saved .* work_dirs/tin_r18_finetune/'
    ):
        read_config(CONFIGS / 'tin_r18_finetune.py')


def test_without_validation_nothing_is_watched(folder, tmp_path):
    cfg = load(tmp_path, folder)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None  # --no-validate
    use_own_videos(cfg)
    assert cfg.model.cls_head.num_classes == 2
    assert 'PatienceHook' not in [hook.type for hook in cfg.custom_hooks]


def test_configs_of_other_data_are_left_alone():
    cfg = Config.fromfile(CONFIGS / 'tin_r50_ucf101.py')
    before = cfg.to_dict()
    use_own_videos(cfg)
    assert cfg.to_dict() == before


def trained(cfg: Config) -> Runner:
    """Two iterations on small frames."""
    checkpoint = cfg.default_hooks.checkpoint
    small(cfg, cfg.work_dir)
    cfg.default_hooks.checkpoint = checkpoint
    use_own_videos(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 2
    return runner


@pytest.mark.parametrize('several', [False, True], ids=['one-label', 'several'])
def test_train_validate_and_what_comes_next(several, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {'finetune.class_weight': 'balanced', 'finetune.sampling': 'balanced'}
    data = folder
    if several:
        data = with_several_labels(folder, tmp_path / 'list.txt')
        options['finetune.media'] = str(folder)
    runner = trained(load(tmp_path / 'work dir', data, **options))
    metric = 'acc_mean_average_precision' if several else 'acc_mean1'
    (best,) = (tmp_path / 'work dir').glob(f'best_{metric}_epoch_1.pth')

    # The saved config stands for itself: the lists, the names of the classes, the metric.
    saved = tmp_path / 'work dir/tin_r18_finetune.py'
    cfg = read_config(saved)
    before = cfg.to_dict()
    use_own_videos(cfg)
    assert cfg.to_dict() == before
    (tmp_path / 'work dir/split').rename(tmp_path / 'moved')
    assert class_names(cfg) == ['turn_left', 'turn_right']
    (tmp_path / 'moved').rename(tmp_path / 'work dir/split')

    lines = [shlex.split(line, comments=True) for line in next_steps(runner).splitlines()[1:]]
    assert [line[:4] for line in lines] == [
        ['mim', 'test', 'mmtin', 'work dir/tin_r18_finetune.py'],
        ['mim', 'run', 'mmtin', 'predict'],
        ['mim', 'run', 'mmtin', 'report'],
        ['mim', 'run', 'mmtin', 'export_onnx'],
    ]
    for line in lines:
        assert '--force' in line, 'it may be typed again'
        there = [arg for arg in line[3:] if not arg.startswith('-') and '/' in arg]
        made = ('predictions.pkl', 'results.json', 'model.onnx')
        assert all(Path(arg).exists() for arg in there if not arg.endswith(made))
        assert 'report' in line or str(best.relative_to(tmp_path)) in line


def test_training_ends_when_nothing_improves(folder, tmp_path):
    cfg = load(tmp_path, folder, **{'finetune.patience': 1, 'finetune.amp': False})
    small(cfg, tmp_path)
    use_own_videos(cfg)
    cfg.train_cfg.max_epochs = 9
    cfg.optim_wrapper.optimizer.lr = 0.0
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.epoch == 2
    assert not any(hook['type'] == 'PatienceHook' for hook in completed(
        tmp_path, folder, **{'finetune.patience': None}).custom_hooks)  # fmt: skip
