# TIN R50, 8 frames, Something-Something V1: 45.8 top-1 in the paper (Table 1).
_base_ = [
    '_base_/models/tin_r50.py',
    '_base_/datasets/sthv1.py',
    '_base_/schedules/kinetics_init_25e.py',
    '_base_/default_runtime.py',
]

num_segments = 8  # T, frames per clip

model = dict(
    backbone=dict(
        num_segments=num_segments,
        # Frozen BatchNorm: statistics and affine parameters stay those of Kinetics.
        norm_eval=True,
        norm_cfg=dict(type='BN2d', requires_grad=False)),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments))

# Kinetics-400 TSM weights of MMAction2; offset and weight networks and the classifier start anew.
load_from = 'https://download.openmmlab.com/mmaction/v1.0/recognition/tsm/tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_kinetics400-rgb/tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_kinetics400-rgb_20220831-64d69186.pth'

sampling = dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=num_segments)
train_pipeline = [sampling, *_base_.train_transforms]
test_pipeline = [dict(test_mode=True, **sampling), *_base_.test_transforms]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
