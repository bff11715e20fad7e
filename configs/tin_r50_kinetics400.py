# TIN R50, 8 frames, Kinetics-400, to start other sets from.
_base_ = [
    '_base_/recognizer2d.py', '_base_/rgb_224.py', '_base_/datasets/kinetics400.py',
    '_base_/schedules/imagenet_init_50e.py', '_base_/default_runtime.py']
from mmtin.recipes import loaders, pipelines, tin

num_segments = 8  # T, frames per clip
model = dict(
    backbone=tin(50, num_segments, pretrained='torchvision://resnet50'),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
