# small.py with MobileNetV2 from ImageNet's weights, and the pixels that these know.
_base_ = 'small.py'

model = dict(
    backbone=dict(
        type='TINMobileNetV2', shift_div=4, groups=2, reverse=True, pretrained='torchvision://mobilenet_v2'),
    cls_head=dict(in_channels=1280),
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]))
