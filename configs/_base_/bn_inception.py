# BNInception for each of T frames, scores averaged; frames are BGR in 0..255 less a mean, as its ImageNet weights want
# them. An experiment adds num_segments and num_classes.
model = dict(
    type='Recognizer2D',
    backbone=dict(
        type='BNInception',
        partial_bn=True,
        pretrained='http://data.lip6.fr/cadene/pretrainedmodels/bn_inception-52deb4733.pth'),
    cls_head=dict(
        type='TSMHead',
        in_channels=1024,
        dropout_ratio=0.8,
        init_std=0.001,
        is_shift=False,
        average_clips='prob'),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[104, 117, 128],
        std=[1, 1, 1],
        to_rgb=True,  # turns the channels round, whatever its name
        format_shape='NCHW'))
