# The training of ECO's release (models_ECO_Full/something_something/solver.prototxt): 60 000 iterations of 32 clips, a
# tenth of the rate after every 25 000, in epochs of the 86 017 clips of Something-Something V1.
train_cfg = dict(type='ResumableTrainLoop', max_epochs=22, val_begin=1, val_interval=1)

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=5e-4, nesterov=True),
    constructor='TSMOptimWrapperConstructor',
    paramwise_cfg=dict(fc_lr5=False),
    clip_grad=dict(max_norm=40, norm_type=2))

param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=22, by_epoch=True, milestones=[9, 18], gamma=0.1)
]

# The rate is for 32 clips; `--auto-scale-lr` scales it to the batch at hand.
auto_scale_lr = dict(enable=False, base_batch_size=32)
