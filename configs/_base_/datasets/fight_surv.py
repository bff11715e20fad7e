# Surveillance Camera Fight Dataset: whole frames of 128 pixels, of which 112 are seen. data/README.md has its lists.
num_classes = 2
data_root = 'data/fight_surv'

open_clip = [
    dict(
        type='DecodedOnce',
        open_clip=[dict(type='VideoInit')],
        decode=[dict(type='VideoDecode'), dict(type='Resize', scale=(128, 128), keep_ratio=False)])
]
jitter = [dict(type='RandomCrop', size=112)]
flip = dict(type='Flip', flip_ratio=0.5)

_crop = dict(type='CenterCrop', crop_size=112)
_sampling = dict(type='SampleFrames', clip_len=1, frame_interval=1, keep_tail_frames=True, test_mode=True)
views = dict(
    forwards=dict(sampling=_sampling, crop=[_crop]),
    reversed=dict(sampling=_sampling, crop=[_crop, dict(type='ReverseFrames')]))

clips = dict(
    type='VideoClipDataset', data_prefix=dict(video=f'{data_root}/media'), delimiter='\t', tolerate_bad_clips=True)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
