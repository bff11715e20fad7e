# Clips of T x 224 x 224: what all data sets share. mmtin/recipes.py puts these steps in a row for the T of an
# experiment: open_clip, sampling, decode, jitter, flip, pack; and for tests the crop of a view.

# One frame from each of T uniform segments, a random one in training, the middle one in testing. The
# frames after the last whole segment count too: without keep_tail_frames, 15 frames in 8 segments
# would be sampled from their first half alone.
sampling = dict(type='SampleFrames', clip_len=1, frame_interval=1, keep_tail_frames=True)

# Scale and corner jitter (paper, implementation details).
jitter = [
    dict(type='Resize', scale=(-1, 256)),
    dict(
        type='MultiScaleCrop',
        input_size=224,
        scales=(1, 0.875, 0.75, 0.66),
        random_crop=False,
        max_wh_scale_gap=1),
    dict(type='Resize', scale=(224, 224), keep_ratio=False),
]

# Test protocols, by clips x crops: the paper's, the releases' for Something-Something and for Kinetics; and the
# paper's with frames resized as the releases do, for their checkpoints (mmtin/datasets/released.py).
views = {
    '1x1': dict(
        sampling=dict(sampling, test_mode=True),
        crop=[dict(type='Resize', scale=(-1, 256)), dict(type='CenterCrop', crop_size=224)]),
    '2x3': dict(
        sampling=dict(sampling, test_mode=True, twice_sample=True),
        crop=[dict(type='Resize', scale=(-1, 256)), dict(type='ThreeCrop', crop_size=256)]),
    '10x1': dict(
        sampling=dict(
            type='DenseSampleFrames',
            clip_len=1,
            frame_interval=1,
            sample_range=64,
            num_sample_positions=10,
            test_mode=True),
        crop=[dict(type='Resize', scale=(-1, 256)), dict(type='CenterCrop', crop_size=224)]),
    'released': dict(
        sampling=dict(sampling, test_mode=True),
        crop=[dict(type='PillowResize', scale=(-1, 256)), dict(type='RoundedCenterCrop', crop_size=224)]),
}
test_protocol = '1x1'

pack = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]

train_dataloader = dict(
    batch_size=6,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=True))
val_dataloader = dict(
    batch_size=6,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=False))
test_dataloader = val_dataloader
