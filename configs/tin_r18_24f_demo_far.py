# TIN R18, 24 frames of 24 pixels, from scratch: which of two events far apart came first? See tools/make_demo_data.py.
_base_ = [
    '_base_/small.py', '_base_/datasets/demo_far.py', '_base_/schedules/scratch_24e.py',
    '_base_/small_runtime.py']
from mmtin.recipes import first_stages, loaders, pipelines, tin

num_segments = 24  # T, frames per clip
# Three stages: at 24 pixels the fourth has 1 x 1 features and half of the work. Offsets start from R / 4.
model = dict(
    backbone=tin(18, num_segments, initial_offset=3.0, **first_stages(3)),
    cls_head=dict(num_classes=_base_.num_classes, in_channels=256, num_segments=num_segments))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments, flip=False)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
