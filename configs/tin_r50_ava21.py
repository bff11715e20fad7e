# TIN R50, 8 frames in 64, AVA 2.1: who does what where. MMAction2's SlowOnly R50 8x8 with another backbone.
# Needs mmcv's compiled operators and mmdet.
_base_ = ['_base_/schedules/kinetics_init_25e.py', '_base_/default_runtime.py']

num_segments = 8  # T, frames per clip
data_root = 'data/ava/rawframes'
lists = 'data/ava/annotations'

model = dict(
    type='FastRCNN',
    _scope_='mmdet',
    backbone=dict(
        type='mmaction.FramewiseBackbone',
        backbone=dict(
            type='TINResNet', depth=50, num_segments=num_segments,
            shift_div=4, groups=2, reverse=True,
            strides=(1, 2, 2, 1),  # small people need the resolution
            init_cfg=dict(
                type='Pretrained', checkpoint=_base_.kinetics_weights['tsm_r50'], prefix='backbone.'))),
    roi_head=dict(
        type='AVARoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor3D',
            roi_layer_type='RoIAlign',
            output_size=8,
            with_temporal_pool=True),
        bbox_head=dict(
            type='BBoxHeadAVA',
            background_class=True,
            in_channels=2048,
            num_classes=81,
            multilabel=True,
            dropout_ratio=0.5)),
    data_preprocessor=dict(
        type='mmaction.ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCTHW'),
    train_cfg=dict(
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssignerAVA', pos_iou_thr=0.9, neg_iou_thr=0.9, min_pos_iou=0.9),
            sampler=dict(
                type='RandomSampler', num=32, pos_fraction=1, neg_pos_ub=-1, add_gt_as_proposals=True),
            pos_weight=1.0)),
    test_cfg=dict(rcnn=None))

sampling = dict(type='SampleAVAFrames', clip_len=num_segments, frame_interval=8)
pack = [dict(type='FormatShape', input_format='NCTHW', collapse=True), dict(type='PackActionInputs')]
train_pipeline = [
    sampling,
    dict(type='RawFrameDecode'),
    dict(type='RandomRescale', scale_range=(256, 320)),
    dict(type='RandomCrop', size=256),
    dict(type='Flip', flip_ratio=0.5),
    *pack,
]
test_pipeline = [  # whole frames
    dict(sampling, test_mode=True),
    dict(type='RawFrameDecode'),
    dict(type='Resize', scale=(-1, 256)),
    *pack,
]

label_file = f'{lists}/ava_action_list_v2.1_for_activitynet_2018.pbtxt'
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(
        type='AVAClipDataset',
        ann_file=f'{lists}/ava_train_v2.1.csv',
        exclude_file=f'{lists}/ava_train_excluded_timestamps_v2.1.csv',
        label_file=label_file,
        proposal_file=f'{lists}/ava_dense_proposals_train.FAIR.recall_93.9.pkl',
        data_prefix=dict(img=data_root),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,  # all that the RoI head takes in a test
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=False),
    dataset=dict(
        type='AVAClipDataset',
        ann_file=f'{lists}/ava_val_v2.1.csv',
        exclude_file=f'{lists}/ava_val_excluded_timestamps_v2.1.csv',
        label_file=label_file,
        proposal_file=f'{lists}/ava_dense_proposals_val.FAIR.recall_93.9.pkl',
        data_prefix=dict(img=data_root),
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='AVAMetric',
    ann_file=f'{lists}/ava_val_v2.1.csv',
    label_file=label_file,
    exclude_file=f'{lists}/ava_val_excluded_timestamps_v2.1.csv')
test_evaluator = val_evaluator

train_cfg = dict(max_epochs=20)
optim_wrapper = dict(
    _delete_=True,
    optimizer=dict(type='SGD', lr=0.2, momentum=0.9, weight_decay=1e-5),
    clip_grad=dict(max_norm=40, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=5),
    dict(type='MultiStepLR', begin=0, end=20, by_epoch=True, milestones=[10, 15], gamma=0.1),
]
auto_scale_lr = dict(enable=False, base_batch_size=128)  # 8 GPUs with 16 clips each
