# TSM R50, 8 frames, Something-Something V1, the control of TIN: 43.4 top-1 in the paper (Table 1).
_base_ = 'tin_r50_sthv1.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNetTSM', depth=50, num_segments=_base_.num_segments, shift_div=8,
        pretrained2d=False,
        # Frozen BatchNorm: statistics and affine parameters stay those of Kinetics.
        norm_eval=True,
        norm_cfg=dict(type='BN2d', requires_grad=False)))
load_from = _base_.kinetics_weights['tsm_r50']
