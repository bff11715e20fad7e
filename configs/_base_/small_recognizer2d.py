# recognizer2d.py for ResNet-18 and small made or cropped clips: no dropout, no statistics of ImageNet.
model = dict(
    type='Recognizer2D',
    cls_head=dict(
        type='TSMHead',
        in_channels=512,
        dropout_ratio=0,
        init_std=0.01,
        is_shift=False,
        average_clips='prob'),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[128, 128, 128],
        std=[64, 64, 64],
        format_shape='NCHW'))
