# TIN R50, 8 frames, Something-Something V1, MMAction2's recipe: from ImageNet, 40 epochs, no flip.
# That of TIN's authors is tin_r50_authors_sthv1.py.
_base_ = [
    '_base_/recognizer2d.py', '_base_/rgb_224.py', '_base_/datasets/sthv1.py',
    '_base_/schedules/imagenet_init_40e.py', '_base_/default_runtime.py']
from mmtin.recipes import loaders, pipelines, tin

num_segments = 8  # T, frames per clip
model = dict(
    # In MMAction2 and the authors' releases offsets reach 2 frames and start at 0.5; in the paper T / 2 and 1.
    backbone=tin(
        50, num_segments, max_offset=2.0, initial_offset=0.5, pretrained='torchvision://resnet50'),
    cls_head=dict(num_classes=_base_.num_classes, num_segments=num_segments, dropout_ratio=0.8))
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments, flip=False)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
