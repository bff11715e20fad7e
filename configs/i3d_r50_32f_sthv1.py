# I3D R50, 32 frames spread over the video, Something-Something V1 (the paper's Table 1, two clips in a test).
_base_ = [
    '_base_/i3d_r50.py', '_base_/rgb_224.py', '_base_/datasets/sthv1.py', '_base_/schedules/i3d_100e.py',
    '_base_/default_runtime.py']
from mmtin.recipes import loaders, pipelines, whole_clips

num_segments = 32  # T, frames per clip
model = dict(cls_head=dict(num_classes=_base_.num_classes))
load_from = _base_.i3d_weights['plain']
test_protocol = '2x1'
train_pipeline, test_protocols, test_pipeline = pipelines(
    _base_, 1, test_protocol=test_protocol, **whole_clips(_base_, num_segments))
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
