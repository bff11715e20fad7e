# TIN R50, 8 frames of 224 pixels, from Kinetics, on your own videos: --cfg-options data=my_videos
# Weights of your own: load_from=FILE; none: load_from=None. docs/finetune.md says the rest.
_base_ = [
    '_base_/recognizer2d.py',
    '_base_/rgb_224.py',
    '_base_/own_videos.py',
    '_base_/schedules/kinetics_init_25e.py',
    '_base_/default_runtime.py',
]

num_segments = 8  # T, frames per clip

model = dict(
    backbone=dict(
        type='TINResNet', depth=50, num_segments=num_segments,
        shift_div=4, groups=2, reverse=True),
    cls_head=dict(num_classes=None, num_segments=num_segments))
load_from = _base_.kinetics_weights['tsm_r50']
auto_scale_lr = dict(enable=True)  # one machine's batch is not the schedule's 48 clips

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

train_dataloader = dict(dataset=dict(_base_.clips, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(_base_.clips, pipeline=test_pipeline, test_mode=True))
test_dataloader = val_dataloader
