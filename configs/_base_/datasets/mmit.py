# Multi-Moments in Time, first version: .mp4 videos, several classes a clip.
num_classes = 313
data_root = 'data/mmit'

open_clip = [dict(type='VideoInit')]
decode = [dict(type='VideoDecode')]
flip = dict(type='Flip', flip_ratio=0.5)

clips = dict(
    type='VideoClipDataset', data_prefix=dict(video=f'{data_root}/media'), delimiter='\t',
    tolerate_bad_clips=True,
    multi_class=True, num_classes=num_classes)

val_evaluator = dict(
    type='AccMetric', metric_list=('mmit_mean_average_precision', 'mean_average_precision'))
test_evaluator = val_evaluator
