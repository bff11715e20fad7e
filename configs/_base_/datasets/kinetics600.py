# Kinetics-600: .mp4 videos in one folder per class.
num_classes = 600
data_root = 'data/kinetics600'

open_clip = [dict(type='VideoInit')]
decode = [dict(type='VideoDecode')]
flip = dict(type='Flip', flip_ratio=0.5)

clips = dict(
    type='VideoClipDataset', data_prefix=dict(video=f'{data_root}/media'), delimiter='\t',
    tolerate_bad_clips=True)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
