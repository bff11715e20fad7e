# TIN R18, 8 frames of 56 pixels, MIRACL-VC1: words read from the lips of unseen speakers. From scratch on a CPU.
_base_ = [
    '_base_/small.py', '_base_/datasets/miracl_vc1.py', '_base_/schedules/scratch_15e.py',
    '_base_/small_runtime.py']
from mmtin.recipes import loaders, pipelines, tin

num_segments = 8  # T, frames per clip
model = dict(
    backbone=tin(18, num_segments),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
