# MMAction2's training of I3D on Kinetics-400; it has none on Something-Something.
train_cfg = dict(type='ResumableTrainLoop', max_epochs=100, val_begin=1, val_interval=5)

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
    clip_grad=dict(max_norm=40, norm_type=2))

param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=100, by_epoch=True, milestones=[40, 80], gamma=0.1)
]

# The rate is for 8 GPUs with 8 clips each; `--auto-scale-lr` scales it to the batch at hand.
auto_scale_lr = dict(enable=False, base_batch_size=64)
