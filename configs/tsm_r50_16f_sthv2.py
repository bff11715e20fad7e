# TSM R50, 16 frames, Something-Something V2 (the paper's Table 3).
_base_ = 'tin_r50_sthv2.py'
from mmtin.recipes import frozen_norm, loaders, pipelines

num_segments = 16
model = dict(
    backbone=dict(
        _delete_=True, type='ResNetTSM', depth=50, num_segments=num_segments, shift_div=8, pretrained2d=False,
        **frozen_norm()),
    cls_head=dict(num_segments=num_segments))
load_from = _base_.kinetics_weights['tsm_r50_16f']
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
