# Training on large sets from ImageNet (Kinetics, Multi-Moments in Time), with the values that MMAction2's
# TIN has on Kinetics-400: the paper gives none.
train_cfg = dict(type='ResumableTrainLoop', max_epochs=50, val_begin=1, val_interval=1)

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
    constructor='TSMOptimWrapperConstructor',
    paramwise_cfg=dict(fc_lr5=True),
    clip_grad=dict(max_norm=40, norm_type=2))

param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=50, by_epoch=True, milestones=[20, 40], gamma=0.1)
]

# The rate is for 8 GPUs with 6 clips each; `--auto-scale-lr` scales it to the batch at hand.
auto_scale_lr = dict(enable=False, base_batch_size=48)
