# TIN R101, 8 frames, Multi-Moments in Time, as in the paper.
_base_ = 'tin_r50_mmit.py'

model = dict(backbone=dict(depth=101, pretrained='torchvision://resnet101'))
