# TSM R18, 8 frames, MIRACL-VC1, the control of TIN with fixed shifts by one frame.
_base_ = 'tin_r18_miracl_vc1.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNetTSM', depth=18, num_segments=_base_.num_segments, shift_div=8,
        pretrained2d=False))  # without weights to convert ResNetTSM fails in init_weights
