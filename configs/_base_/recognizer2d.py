# Scores of T frames, averaged. An experiment adds the backbone, num_segments and num_classes.
model = dict(
    type='Recognizer2D',
    cls_head=dict(
        type='TSMHead',
        in_channels=2048,
        dropout_ratio=0.5,
        init_std=0.001,
        is_shift=False,
        average_clips='prob'),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCHW'))
