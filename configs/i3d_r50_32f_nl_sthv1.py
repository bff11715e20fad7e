# Non-local I3D R50, 32 frames, Something-Something V1 (the paper's Table 1).
_base_ = 'i3d_r50_32f_sthv1.py'

model = dict(backbone=dict(**_base_.non_local))
load_from = _base_.i3d_weights['non_local']
