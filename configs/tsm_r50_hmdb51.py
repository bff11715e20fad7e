# TSM R50, 8 frames, HMDB51, split 1, the control of TIN: 69.5 top-1 in the paper
# (Table 2, which does not say of which split).
_base_ = 'tin_r50_hmdb51.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNetTSM', depth=50, num_segments=_base_.num_segments, shift_div=8,
        pretrained2d=False,
        # Frozen BatchNorm: statistics and affine parameters stay those of Kinetics.
        norm_eval=True,
        norm_cfg=dict(type='BN2d', requires_grad=False)))
load_from = _base_.kinetics_weights['tsm_r50']
