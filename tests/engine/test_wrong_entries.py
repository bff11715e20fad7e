"""A misspelt argument in a config is named, with its class and what was meant."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmtin.engine.wrong_entries import one_sentence_on_wrong_entries
from mmtin.errors import UserError

CONFIG = Path(__file__).parents[2] / 'configs/tin_r18_demo.py'


@pytest.mark.parametrize(
    'name, sentence',
    [
        ('model.backbone.shift_dvi', 'TINResNet takes no shift_dvi; do you mean shift_div?'),
        ('train_dataloader.batchsize', 'DataLoader takes no batchsize; do you mean batch_size?'),
        (
            'train_dataloader.dataset.annfile',
            'VideoClipDataset takes no annfile; do you mean ann_file?',
        ),
        ('optim_wrapper.optimizer.lrr', 'AdamW takes no lrr; do you mean lr?'),
        ('train_cfg.max_epoch', 'ResumableTrainLoop takes no max_epoch; do you mean max_epochs?'),
        ('model.cls_head.frobnicate', 'TSMHead takes no frobnicate; check the name'),
    ],
)
def test_misspelt_argument(name, sentence, tmp_path):
    assert refusal({name: 3}, tmp_path) == sentence


@pytest.mark.parametrize(
    'name, kind, sentence',
    [
        ('model.backbone', 'mmtin.TINResnet', 'names no model; do you mean TINResNet?'),
        ('model.cls_head', 'TSMhead', 'names no model; do you mean TSMHead?'),
        ('param_scheduler.0', 'OneCycle', 'names no parameter scheduler; do you mean OneCycleLR?'),
        ('train_dataloader.dataset', 'VideoClips', 'names no dataset; do you mean VideoClipDataset?'),
        ('val_evaluator', 'Accmetric', 'names no metric; do you mean AccMetric?'),
        ('custom_hooks.0', 'nowhere.Frobnicate', 'names no hook; check the name'),
    ],
)
def test_type_that_no_package_has(name, kind, sentence, tmp_path):
    assert refusal({f'{name}.type': kind}, tmp_path) == f'type={kind!r} {sentence}'


def refusal(change, tmp_path):
    """The sentence by which a training of the demo is refused."""
    cfg = Config.fromfile(CONFIG)
    cfg.work_dir = str(tmp_path)
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        (tmp_path / 'list.txt').write_text('a.mp4 0\n')
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.update(ann_file=str(tmp_path / 'list.txt'), data_prefix=dict(video=str(tmp_path)))
    cfg.merge_from_dict(change)
    with pytest.raises(UserError) as error, one_sentence_on_wrong_entries():
        Runner.from_cfg(cfg).train()
    return str(error.value)


def test_other_key_errors_stay_as_they_are():
    with pytest.raises(KeyError, match='whatever'), one_sentence_on_wrong_entries():
        raise KeyError('whatever')


def test_other_type_errors_stay_as_they_are():
    with pytest.raises(TypeError, match='whatever'), one_sentence_on_wrong_entries():
        raise TypeError('whatever')
