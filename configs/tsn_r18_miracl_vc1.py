# TSN R18, 8 frames, MIRACL-VC1, the control that is blind to order.
_base_ = 'tin_r18_miracl_vc1.py'

model = dict(backbone=dict(_delete_=True, type='ResNet', depth=18))
