# One cycle over 24 epochs.
train_cfg = dict(type='ResumableTrainLoop', max_epochs=24, val_begin=1, val_interval=8)
param_scheduler = [
    dict(type='OneCycleLR', eta_max=2e-3, by_epoch=True, total_steps=24, convert_to_iter_based=True)
]
