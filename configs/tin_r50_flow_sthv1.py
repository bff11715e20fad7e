# TIN R50 on optical flow, 8 stacks of 5 fields, Something-Something V1. The paper has RGB alone, its rivals have both.
_base_ = [
    '_base_/recognizer2d.py', '_base_/rgb_224.py', '_base_/datasets/sthv1.py',
    '_base_/schedules/kinetics_init_25e.py', '_base_/default_runtime.py']
from mmtin.recipes import frozen_norm, loaders, of_flow, pipelines, tin

num_segments = 8  # T, stacks per clip
model = dict(
    backbone=tin(50, num_segments, in_channels=10, **frozen_norm()),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments),
    data_preprocessor=dict(mean=[127.5] * 10, std=[57.6] * 10))  # TSN's for a ResNet
load_from = _base_.kinetics_weights['tsm_r50']  # of RGB: the first convolution is averaged over its colours
train_pipeline, test_protocols, test_pipeline = pipelines(of_flow(_base_), num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(of_flow(_base_), train_pipeline, test_pipeline)
