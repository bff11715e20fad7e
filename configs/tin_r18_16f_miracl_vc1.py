# TIN R18, 16 frames, MIRACL-VC1.
_base_ = 'tin_r18_miracl_vc1.py'
from mmtin.recipes import loaders, pipelines

num_segments = 16
model = dict(backbone=dict(num_segments=num_segments), cls_head=dict(num_segments=num_segments))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
