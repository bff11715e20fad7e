# TSN R50, 8 frames, Kinetics-600, the control of TIN (Table 2).
_base_ = 'tin_r50_kinetics600.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNet', depth=50, pretrained='torchvision://resnet50'))
