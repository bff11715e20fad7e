# TSM R50, 8 frames, Something-Something V1, the control of TIN (Table 1).
_base_ = 'tin_r50_sthv1.py'
from mmtin.recipes import frozen_norm

model = dict(
    backbone=dict(
        _delete_=True, type='ResNetTSM', depth=50, num_segments=_base_.num_segments, shift_div=8, pretrained2d=False,
        **frozen_norm()))
load_from = _base_.kinetics_weights['tsm_r50']
