# TSN R50, 8 frames, UCF101, split 1, the control of TIN: 90.1 top-1 in the paper
# (Table 2, which does not say of which split).
_base_ = 'tin_r50_ucf101.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNet', depth=50,
        # Frozen BatchNorm: statistics and affine parameters stay those of Kinetics.
        norm_eval=True,
        norm_cfg=dict(type='BN2d', requires_grad=False)))
load_from = _base_.kinetics_weights['tsn_r50']
