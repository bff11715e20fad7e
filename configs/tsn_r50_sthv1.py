# TSN R50, 8 frames, Something-Something V1, the control of TIN: 19.7 top-1 in the paper (Table 1).
_base_ = 'tin_r50_sthv1.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNet', depth=50,
        # Frozen BatchNorm: statistics and affine parameters stay those of Kinetics.
        norm_eval=True,
        norm_cfg=dict(type='BN2d', requires_grad=False)))
load_from = _base_.kinetics_weights['tsn_r50']
