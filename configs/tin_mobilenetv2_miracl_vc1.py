# TIN MobileNetV2, 8 frames, MIRACL-VC1: words read from the lips of unseen speakers. From ImageNet, on a CPU. The 56
# pixels that are seen become 80, since the last features of 56 would be 2 x 2.
_base_ = [
    '_base_/small_mobilenetv2.py', '_base_/datasets/miracl_vc1.py', '_base_/schedules/imagenet_init_15e.py',
    '_base_/default_runtime.py']
from mmtin.recipes import loaders, pipelines

num_segments = 8  # T, frames per clip
model = dict(
    backbone=dict(num_segments=num_segments),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments))
larger = dict(type='Resize', scale=(80, 80), keep_ratio=False)
train_pipeline, test_protocols, test_pipeline = pipelines(
    _base_, num_segments,
    jitter=[*_base_.jitter, larger],
    views={name: dict(view, crop=[view.crop[0], larger, *view.crop[1:]]) for name, view in _base_.views.items()})
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
