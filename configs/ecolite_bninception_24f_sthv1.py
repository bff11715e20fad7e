# ECO Lite, 24 frames, Something-Something V1: one of the four whose scores ECO-En averages (the paper's Table 1).
_base_ = 'eco_bninception_sthv1.py'
from mmtin.recipes import loaders, pipelines

num_segments = 24
model = dict(backbone=dict(num_segments=num_segments, lite=True), cls_head=dict(in_channels=512))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
