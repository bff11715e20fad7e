# TIN R50, 8 frames of 224 pixels, from Kinetics, on your own videos: --cfg-options data=my_videos
# Weights of your own: load_from=FILE; none: load_from=None. docs/finetune.md says the rest.
_base_ = [
    '_base_/recognizer2d.py', '_base_/rgb_224.py', '_base_/own_videos.py',
    '_base_/schedules/kinetics_init_25e.py', '_base_/default_runtime.py']
from mmtin.recipes import pipelines, tin

num_segments = 8  # T, frames per clip
model = dict(backbone=tin(50, num_segments), cls_head=dict(num_classes=None, num_segments=num_segments))
load_from = _base_.kinetics_weights['tsm_r50']
auto_scale_lr = dict(enable=True)  # one machine's batch is not the schedule's 48 clips
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader = dict(dataset=dict(_base_.clips, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(_base_.clips, pipeline=test_pipeline, test_mode=True))
test_dataloader = val_dataloader
