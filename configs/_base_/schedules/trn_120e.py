# The training of TRN's release (zhoubolei/TRN-pytorch, opts.py and README.md), which is TSN's but for the epochs.
train_cfg = dict(type='ResumableTrainLoop', max_epochs=120, val_begin=1, val_interval=5)

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=5e-4),
    constructor='TSMOptimWrapperConstructor',
    paramwise_cfg=dict(fc_lr5=False),
    clip_grad=dict(max_norm=20, norm_type=2))

param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=120, by_epoch=True, milestones=[50, 100], gamma=0.1)
]

# The rate is for 64 clips; `--auto-scale-lr` scales it to the batch at hand.
auto_scale_lr = dict(enable=False, base_batch_size=64)
