# TSN R101, 5 frames, Multi-Moments in Time, the control of TIN in the paper.
_base_ = 'tin_r50_mmit.py'
from mmtin.recipes import loaders, pipelines

num_segments = 5
model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=101, pretrained='torchvision://resnet101'),
    cls_head=dict(num_segments=num_segments))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
