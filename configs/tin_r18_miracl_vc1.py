# TIN R18, 8 frames of 56 pixels, MIRACL-VC1: words read from the lips of unseen speakers. From scratch on a CPU, in
# bfloat16: some ten minutes on a thread of one with avx512_bf16.
_base_ = [
    '_base_/small.py', '_base_/datasets/miracl_vc1.py', '_base_/schedules/scratch_15e.py',
    '_base_/small_runtime.py']
from mmtin.recipes import loaders, pipelines, tin

num_segments = 8  # T, frames per clip
model = dict(
    backbone=tin(18, num_segments),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments))
# Ten speakers are few: place, size, shape and light of their lips vary. Frames are grey, so colours are left alone.
jitter = [
    dict(type='RandomResizedCrop', area_range=(0.5, 1.0), aspect_ratio_range=(0.8, 1.25)),
    dict(type='Resize', scale=(56, 56), keep_ratio=False),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.0, hue=0.0)]
optim_wrapper = dict(type='Bfloat16OptimWrapper')
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments, jitter=jitter)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
