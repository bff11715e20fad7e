# The control of tin_r18_demo.py: the same recipe and trunk, no temporal module.
_base_ = 'tin_r18_demo.py'

model = dict(backbone=dict(_delete_=True, type='ResNet', depth=18, **_base_.stages))
