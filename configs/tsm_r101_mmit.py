# TSM R101, 8 frames, Multi-Moments in Time, the control of TIN in the paper.
_base_ = 'tin_r50_mmit.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNetTSM', depth=101, num_segments=_base_.num_segments, shift_div=8,
        pretrained='torchvision://resnet101'))
