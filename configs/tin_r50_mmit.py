# TIN R50, 8 frames, Multi-Moments in Time. The paper has R101 alone.
_base_ = [
    '_base_/recognizer2d.py',
    '_base_/rgb_224.py',
    '_base_/datasets/mmit.py',
    '_base_/schedules/imagenet_init_50e.py',
    '_base_/default_runtime.py',
]

num_segments = 8  # T, frames per clip

model = dict(
    backbone=dict(
        type='TINResNet', depth=50, num_segments=num_segments,
        shift_div=4, groups=2, reverse=True, pretrained='torchvision://resnet50'),
    cls_head=dict(
        type='MultiLabelTSMHead', num_classes=_base_.num_classes, num_segments=num_segments,
        multi_class=True, loss_cls=dict(type='BCELossWithLogits')))

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

train_dataloader = dict(
    dataset=dict(_base_.clips, ann_file=f'{_base_.data_root}/train.txt', pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(_base_.clips, ann_file=f'{_base_.data_root}/val.txt', pipeline=test_pipeline, test_mode=True))
test_dataloader = val_dataloader
