# One cycle over 24 epochs, for clips in which events lie far apart: offset networks learn at the full rate, for which
# docs/ablation.md has the reason.
_base_ = 'scratch_15e.py'

optim_wrapper = dict(_delete_=True, optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01))
train_cfg = dict(max_epochs=24, val_interval=8)
param_scheduler = [
    dict(type='OneCycleLR', eta_max=2e-3, by_epoch=True, total_steps=24, convert_to_iter_based=True)
]
