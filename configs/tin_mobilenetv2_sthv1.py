# TIN MobileNetV2, 8 frames, Something-Something V1, for small machines: MMAction2's recipe, from ImageNet.
_base_ = 'tin_r50_imagenet_sthv1.py'

model = dict(
    backbone=dict(
        _delete_=True, type='TINMobileNetV2', num_segments=_base_.num_segments, shift_div=4, groups=2, reverse=True,
        pretrained='torchvision://mobilenet_v2'),
    cls_head=dict(in_channels=1280))
