# ECO, 8 frames, Something-Something V1 (the paper's Table 1). Its authors start from Kinetics, in 2D and 3D: that is
# model.backbone.pretrained=FILE of their release; this starts from ImageNet's BNInception.
_base_ = [
    '_base_/bn_inception.py', '_base_/rgb_224.py', '_base_/datasets/sthv1.py', '_base_/schedules/eco_22e.py',
    '_base_/default_runtime.py']
from mmtin.recipes import loaders, pipelines

num_segments = 8  # T, frames per clip
model = dict(
    backbone=dict(type='ECO', num_segments=num_segments),
    cls_head=dict(
        _delete_=True, type='ECOHead', in_channels=1536, num_classes=_base_.num_classes, average_clips='prob'))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
