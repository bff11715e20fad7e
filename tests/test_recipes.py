"""Configs that call mmtin.recipes are ordinary configs to mmengine."""

import subprocess
import sys

import pytest
from mmengine.config import Config

from mmtin.recipes import frozen_norm, loaders, pipelines, tin
from tests.configs.experiments import CONFIGS

BASE = dict(
    open_clip=['open'],
    sampling=dict(type='SampleFrames'),
    decode=['decode'],
    jitter=['jitter'],
    flip='flip',
    pack=['pack'],
    views={
        'one': dict(sampling=dict(type='SampleFrames', test_mode=True), crop=['centre']),
        'many': dict(sampling=dict(type='DenseSampleFrames'), crop=['three']),
    },
    test_protocol='one',
    clips=dict(type='VideoClipDataset'),
    data_root='data/set',
)


def test_steps_stand_in_their_order_and_sample_the_frames():
    train, protocols, test = pipelines(BASE, 5)
    assert train == ['open', dict(type='SampleFrames', num_clips=5), 'decode', 'jitter', 'flip', 'pack']
    assert protocols['many'] == [
        'open', dict(type='DenseSampleFrames', num_clips=5), 'decode', 'three', 'pack'
    ]  # fmt: skip
    assert test == protocols['one']


def test_entries_can_be_others():
    train, protocols, test = pipelines(BASE, 5, flip=False, jitter=['crop'], test_protocol='many')
    assert train[-3:] == ['decode', 'crop', 'pack']
    assert test == protocols['many']


@pytest.mark.parametrize('lists, folder', [(None, 'data/set'), ('elsewhere', 'elsewhere')])
def test_loaders_read_the_lists_of_a_folder(lists, folder):
    train, val, test = loaders(BASE, ['train'], ['test'], lists)
    clips = dict(type='VideoClipDataset')
    assert train == dict(dataset=dict(clips, ann_file=f'{folder}/train.txt', pipeline=['train']))
    assert val == dict(dataset=dict(clips, ann_file=f'{folder}/val.txt', pipeline=['test'], test_mode=True))
    assert test == val


def test_backbone_of_the_paper():
    assert tin(50, 16, **frozen_norm()) == dict(
        type='TINResNet',
        depth=50,
        num_segments=16,
        shift_div=4,
        groups=2,
        reverse=True,
        norm_eval=True,
        norm_cfg=dict(type='BN2d', requires_grad=False),
    )


@pytest.mark.parametrize('name', ['tin_r50_16f_sthv1', 'tin_r50_split2_ucf101', 'tsm_r101_mmit'])
def test_a_config_elsewhere_inherits_by_path(name, tmp_path):
    own = tmp_path / 'own.py'
    own.write_text(f"_base_ = '{CONFIGS / name}.py'\nmodel = dict(cls_head=dict(num_classes=3))\n")
    cfg, parent = Config.fromfile(own), Config.fromfile(CONFIGS / f'{name}.py')
    assert cfg.model.cls_head.num_classes == 3
    parent.model.cls_head.num_classes = 3
    assert cfg.to_dict() == parent.to_dict()


def test_a_config_is_read_before_mmtin_is_imported(tmp_path):
    """As in a script of a user, with the mmaction2 whose import fails without mmtin.compat."""
    code = (
        'from mmengine.config import Config; '
        f'cfg = Config.fromfile({str(CONFIGS / "tin_r50_16f_sthv1.py")!r}); '
        'from mmaction.registry import MODELS; '
        'print(cfg.train_pipeline[0].num_clips, MODELS.get("TINResNet").__name__)'
    )
    result = subprocess.run([sys.executable, '-c', code], cwd=tmp_path, capture_output=True, text=True)
    assert result.stdout.split() == ['16', 'TINResNet'], result.stderr
