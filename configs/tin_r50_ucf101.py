# TIN R50, 8 frames, UCF101, split 1, as in the paper (Table 2,
# which does not say of which split).
_base_ = [
    '_base_/recognizer2d.py', '_base_/rgb_224.py', '_base_/datasets/ucf101.py',
    '_base_/schedules/kinetics_init_25e.py', '_base_/default_runtime.py']
from mmtin.recipes import frozen_norm, loaders, pipelines, tin

num_segments = 8  # T, frames per clip
split = 1
lists = f'{_base_.data_root}/split{split}'
model = dict(
    backbone=tin(50, num_segments, **frozen_norm()),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments))
load_from = _base_.kinetics_weights['tsm_r50']
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(
    _base_, train_pipeline, test_pipeline, lists)
