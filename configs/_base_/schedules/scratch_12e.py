# One cycle over 12 epochs.
train_cfg = dict(type='ResumableTrainLoop', max_epochs=12, val_begin=1, val_interval=4)
param_scheduler = [
    dict(type='OneCycleLR', eta_max=2e-3, by_epoch=True, total_steps=12, convert_to_iter_based=True)
]
