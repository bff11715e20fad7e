# The paper's fine-tuning from Kinetics (section "Experiments", implementation details).
train_cfg = dict(type='ResumableTrainLoop', max_epochs=25, val_begin=1, val_interval=1)

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=5e-4),
    # Not in the paper, but in both public releases: clipping, and rates by layer. The classifier has five
    # times the rate, its bias ten times, other biases twice, and biases and BatchNorm have no decay.
    constructor='TSMOptimWrapperConstructor',
    paramwise_cfg=dict(fc_lr5=True),
    clip_grad=dict(max_norm=20, norm_type=2))

param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=25, by_epoch=True, milestones=[10, 20], gamma=0.1)
]

# The rate is for 8 GPUs with 6 clips each; `--auto-scale-lr` scales it to the batch at hand.
auto_scale_lr = dict(enable=False, base_batch_size=48)

# Kinetics-400 weights that MMAction2 publishes, for an experiment's load_from. TIN takes those of TSM;
# its offset and weight networks and every classifier start anew.
_url = 'https://download.openmmlab.com/mmaction/v1.0/recognition'
kinetics_weights = dict(
    tsn_r50=f'{_url}/tsn/tsn_imagenet-pretrained-r50_8xb32-1x1x8-100e_kinetics400-rgb/'
    'tsn_imagenet-pretrained-r50_8xb32-1x1x8-100e_kinetics400-rgb_20220906-2692d16c.pth',
    tsm_r50=f'{_url}/tsm/tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_kinetics400-rgb/'
    'tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_kinetics400-rgb_20220831-64d69186.pth',
    tsm_r50_16f=f'{_url}/tsm/tsm_imagenet-pretrained-r50_8xb16-1x1x16-50e_kinetics400-rgb/'
    'tsm_imagenet-pretrained-r50_8xb16-1x1x16-50e_kinetics400-rgb_20220831-042b1748.pth')
