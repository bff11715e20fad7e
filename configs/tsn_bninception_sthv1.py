# TSN BNInception, 8 frames, Something-Something V1 (the paper's Table 1).
_base_ = [
    '_base_/bn_inception.py', '_base_/rgb_224.py', '_base_/datasets/sthv1.py', '_base_/schedules/trn_120e.py',
    '_base_/default_runtime.py']
from mmtin.recipes import loaders, pipelines

num_segments = 8  # T, frames per clip
model = dict(cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
