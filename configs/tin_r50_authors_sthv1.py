# TIN R50, 8 frames, Something-Something V1, the recipe of TIN's authors (deepcs233/TIN, "train from scratch"), as
# far as it is not MMAction2's. Clips of fewer than 8 frames repeat the first one there, and are spread here.
_base_ = 'tin_r50_imagenet_sthv1.py'
from mmtin.recipes import loaders, pipelines

model = dict(backbone=dict(partial_bn=True))  # every BatchNorm but the first is frozen
optim_wrapper = dict(optimizer=dict(lr=0.02))
sampling = dict(_base_.sampling, keep_tail_frames=False)
# 13 places in the frame as it is, in place of 5 in one of 256 pixels.
jitter = [
    dict(_base_.jitter[1], num_fixed_crops=13), dict(type='PillowResize', scale=(224, 224), keep_ratio=False)]
test_protocol = 'released'
train_pipeline, test_protocols, test_pipeline = pipelines(
    _base_, _base_.num_segments, flip=False, sampling=sampling, jitter=jitter, test_protocol=test_protocol)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
train_dataloader.update(drop_last=True)
