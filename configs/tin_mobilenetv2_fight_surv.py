# TIN MobileNetV2, 8 frames of 112 pixels, surveillance cameras: is there a fight? From ImageNet, on a CPU.
_base_ = [
    '_base_/small_mobilenetv2.py', '_base_/datasets/fight_surv.py', '_base_/schedules/imagenet_init_15e.py',
    '_base_/default_runtime.py']
from mmtin.recipes import loaders, pipelines

num_segments = 8  # T, frames per clip
model = dict(
    backbone=dict(num_segments=num_segments),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
