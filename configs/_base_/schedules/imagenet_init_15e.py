# One cycle over 15 epochs, for small clips from ImageNet's weights.
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01))
train_cfg = dict(type='ResumableTrainLoop', max_epochs=15, val_begin=1, val_interval=5)
param_scheduler = [
    dict(type='OneCycleLR', eta_max=1e-3, by_epoch=True, total_steps=15, convert_to_iter_based=True)
]
