# I3D R50 as Non-local Networks and region graphs have it: of MMAction2's, less its strides along time in conv1 and
# pool1 and that of the last stage in space. So it computes what the paper's Table 1 says, 153G a clip.
model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='ResNet3d',
        depth=50,
        pretrained=None,  # load_from brings all
        conv1_kernel=(5, 7, 7),
        conv1_stride_t=1,
        pool1_stride_t=1,
        spatial_strides=(1, 2, 2, 1),
        inflate=((1, 1, 1), (1, 0, 1, 0), (1, 0, 1, 0, 1, 0), (0, 1, 0)),
        zero_init_residual=False),
    cls_head=dict(
        type='I3DHead',
        in_channels=2048,
        dropout_ratio=0.5,
        init_std=0.01,
        average_clips='prob'),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCTHW'))

# Arguments of the backbone besides, for five non-local blocks.
non_local = dict(
    non_local=((0, 0, 0), (0, 1, 0, 1), (0, 1, 0, 1, 0, 1), (0, 0, 0)),
    non_local_cfg=dict(
        sub_sample=True,
        use_scale=False,
        norm_cfg=dict(type='BN3d', requires_grad=True),
        mode='embedded_gaussian'))

# Kinetics-400 weights that MMAction2 publishes: strides are not in them.
_url = 'https://download.openmmlab.com/mmaction/v1.0/recognition/i3d'
_nl = 'i3d_imagenet-pretrained-r50-nl-embedded-gaussian_8xb8-32x2x1-100e_kinetics400-rgb'
_plain = 'i3d_imagenet-pretrained-r50_8xb8-32x2x1-100e_kinetics400-rgb'
i3d_weights = dict(
    plain=f'{_url}/{_plain}/{_plain}_20220812-e213c223.pth',
    non_local=f'{_url}/{_nl}/{_nl}_20220812-afd8f562.pth')
