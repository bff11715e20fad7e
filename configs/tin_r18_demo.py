# TIN R18, 8 frames of 32 pixels, on the clips of tools/make_demo_data.py, from scratch on a CPU.
# Another list of videos: --cfg-options model.cls_head.num_classes=... and, for train, val and test,
# {}_dataloader.dataset.ann_file=... {}_dataloader.dataset.data_prefix.video=...
_base_ = ['_base_/small_recognizer2d.py', '_base_/default_runtime.py']
from mmtin.recipes import first_stages

num_segments = 8  # T, frames per clip
data_root = 'data/demo'
max_epochs = 4
# At 32 pixels the fourth stage has 1 x 1 features and nearly half of the work, and is not needed.
stages = first_stages(3)

model = dict(
    backbone=dict(type='TINResNet', depth=18, num_segments=num_segments, **stages),
    cls_head=dict(num_classes=8, in_channels=256, num_segments=num_segments))

sampling = dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=num_segments)
# No flip: it would turn one class into another.
transforms = [
    dict(type='VideoDecode'),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs'),
]
train_pipeline = [dict(type='VideoInit'), sampling, *transforms]
test_pipeline = [dict(type='VideoInit'), dict(test_mode=True, **sampling), *transforms]

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(
        type='VideoClipDataset',
        ann_file=f'{data_root}/train.txt',
        data_prefix=dict(video=data_root),
        tolerate_bad_clips=True,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=False),
    dataset=dict(
        type='VideoClipDataset',
        ann_file=f'{data_root}/val.txt',
        data_prefix=dict(video=data_root),
        tolerate_bad_clips=True,
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = val_dataloader

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator

train_cfg = dict(type='ResumableTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
# Offset networks learn at a tenth of the rate, for which docs/ablation.md has the reason.
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01),
    paramwise_cfg=dict(custom_keys={'.offset_net.': dict(lr_mult=0.1)}))
param_scheduler = [
    dict(type='OneCycleLR', eta_max=2e-3, by_epoch=True, total_steps=max_epochs, convert_to_iter_based=True)
]
default_hooks = dict(checkpoint=dict(max_keep_ckpts=1, save_best=None))
custom_hooks = [
    dict(type='InterlacingHook', interval=20),
    dict(type='FiniteLossHook'),
    dict(type='ChannelsLastHook'),
]
