# Two events far apart, of tools/make_demo_data.py --difficulty far: whole frames of 24 pixels.
num_classes = 8
data_root = 'data/demo_far'

open_clip = [
    dict(
        type='DecodedOnce',
        open_clip=[dict(type='VideoInit')],
        decode=[dict(type='VideoDecode'), dict(type='Resize', scale=(24, 24), keep_ratio=False)])
]
jitter = []
flip = None  # it would turn one class into another

_sampling = dict(type='SampleFrames', clip_len=1, frame_interval=1, keep_tail_frames=True, test_mode=True)
views = dict(
    forwards=dict(sampling=_sampling, crop=[]),
    reversed=dict(sampling=_sampling, crop=[dict(type='ReverseFrames')]))

clips = dict(type='VideoClipDataset', data_prefix=dict(video=data_root), tolerate_bad_clips=True)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
