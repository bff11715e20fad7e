# ECO Lite on optical flow, 20 stacks of 5 fields, Something-Something V1: one of the four of ECO-En's second stream (the
# paper's Table 1).
_base_ = [
    '_base_/bn_inception.py', '_base_/rgb_224.py', '_base_/datasets/sthv1.py', '_base_/schedules/eco_22e.py',
    '_base_/default_runtime.py']
from mmtin.recipes import loaders, of_flow, pipelines

num_segments = 20  # T, stacks per clip
model = dict(
    backbone=dict(type='ECO', num_segments=num_segments, lite=True, in_channels=10),
    cls_head=dict(
        _delete_=True, type='ECOHead', in_channels=512, num_classes=_base_.num_classes, average_clips='prob'),
    data_preprocessor=dict(mean=[128] * 10, std=[1] * 10, to_rgb=False))
train_pipeline, test_protocols, test_pipeline = pipelines(of_flow(_base_), num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(of_flow(_base_), train_pipeline, test_pipeline)
