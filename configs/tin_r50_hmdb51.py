# TIN R50, 8 frames, HMDB51, split 1: 72.0 top-1 in the paper
# (Table 2, which does not say of which split).
_base_ = [
    '_base_/recognizer2d.py',
    '_base_/rgb_224.py',
    '_base_/datasets/hmdb51.py',
    '_base_/schedules/kinetics_init_25e.py',
    '_base_/default_runtime.py',
]

num_segments = 8  # T, frames per clip
split = 1

model = dict(
    backbone=dict(
        type='TINResNet', depth=50, num_segments=num_segments,
        shift_div=4, groups=2, reverse=True,
        # Frozen BatchNorm: statistics and affine parameters stay those of Kinetics.
        norm_eval=True,
        norm_cfg=dict(type='BN2d', requires_grad=False)),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments))
load_from = _base_.kinetics_weights['tsm_r50']

train_pipeline = [
    *_base_.open_clip, dict(_base_.sampling, num_clips=num_segments), *_base_.decode,
    *_base_.jitter, _base_.flip, *_base_.pack]
test_protocols = {
    name: [
        *_base_.open_clip, dict(view.sampling, num_clips=num_segments), *_base_.decode,
        *view.crop, *_base_.pack]
    for name, view in _base_.views.items()}
test_protocol = '1x1'
test_pipeline = test_protocols[test_protocol]

lists = f'{_base_.data_root}/split{split}'
train_dataloader = dict(
    dataset=dict(_base_.clips, ann_file=f'{lists}/train.txt', pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(_base_.clips, ann_file=f'{lists}/val.txt', pipeline=test_pipeline, test_mode=True))
test_dataloader = val_dataloader
