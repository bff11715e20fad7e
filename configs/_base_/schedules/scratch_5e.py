# One cycle over 5 epochs.
train_cfg = dict(type='ResumableTrainLoop', max_epochs=5, val_begin=1, val_interval=5)
param_scheduler = [
    dict(type='OneCycleLR', eta_max=2e-3, by_epoch=True, total_steps=5, convert_to_iter_based=True)
]
