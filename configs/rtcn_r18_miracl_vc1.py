# r-TCN R18, 8 frames, MIRACL-VC1: what TIN regularises, 3 x 1 x 1 convolutions in the place of interlacing.
_base_ = 'tin_r18_miracl_vc1.py'

model = dict(
    backbone=dict(_delete_=True, type='RTCNResNet', depth=18, num_segments=_base_.num_segments))
