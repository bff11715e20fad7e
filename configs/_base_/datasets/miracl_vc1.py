# MIRACL-VC1: lips of 64 pixels, of which 56 are seen; folders of frames as tools/prepare_data.py links them.
num_classes = 10
data_root = 'data/miracl_vc1'

open_clip = [
    dict(
        type='DecodedOnce',
        decode=[dict(type='RawFrameDecode'), dict(type='Resize', scale=(64, 64), keep_ratio=False)])
]
jitter = [dict(type='RandomCrop', size=56)]
flip = dict(type='Flip', flip_ratio=0.5)

_crop = dict(type='CenterCrop', crop_size=56)
_sampling = dict(type='SampleFrames', clip_len=1, frame_interval=1, keep_tail_frames=True, test_mode=True)
views = dict(
    forwards=dict(sampling=_sampling, crop=[_crop]),
    reversed=dict(sampling=_sampling, crop=[_crop, dict(type='ReverseFrames')]))

clips = dict(
    type='RawframeClipDataset', data_prefix=dict(img=f'{data_root}/media'), filename_tmpl='{:05}.jpg',
    tolerate_bad_clips=True)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
