# TSN R50, 8 frames, Jester, the control of TIN (Table 2).
_base_ = 'tin_r50_jester.py'
from mmtin.recipes import frozen_norm

model = dict(
    backbone=dict(
        _delete_=True, type='ResNet', depth=50, **frozen_norm()))
load_from = _base_.kinetics_weights['tsn_r50']
