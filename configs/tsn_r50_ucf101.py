# TSN R50, 8 frames, UCF101, split 1, the control of TIN (Table 2,
# which does not say of which split).
_base_ = 'tin_r50_ucf101.py'
from mmtin.recipes import frozen_norm

model = dict(
    backbone=dict(
        _delete_=True, type='ResNet', depth=50, **frozen_norm()))
load_from = _base_.kinetics_weights['tsn_r50']
