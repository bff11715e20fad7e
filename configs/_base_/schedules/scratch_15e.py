# One cycle over 15 epochs. Offset networks learn at a tenth of the rate, for which docs/ablation.md has the reason.
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01),
    paramwise_cfg=dict(custom_keys={'.offset_net.': dict(lr_mult=0.1)}))
train_cfg = dict(type='ResumableTrainLoop', max_epochs=15, val_begin=1, val_interval=5)
param_scheduler = [
    dict(type='OneCycleLR', eta_max=2e-3, by_epoch=True, total_steps=15, convert_to_iter_based=True)
]
