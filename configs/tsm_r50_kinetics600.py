# TSM R50, 8 frames, Kinetics-600, the control of TIN (Table 2).
_base_ = 'tin_r50_kinetics600.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNetTSM', depth=50, num_segments=_base_.num_segments, shift_div=8,
        pretrained='torchvision://resnet50'))
