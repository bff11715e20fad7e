# One cycle over 24 epochs.
_base_ = 'scratch_15e.py'

train_cfg = dict(max_epochs=24, val_interval=8)
param_scheduler = [
    dict(type='OneCycleLR', eta_max=2e-3, by_epoch=True, total_steps=24, convert_to_iter_based=True)
]
