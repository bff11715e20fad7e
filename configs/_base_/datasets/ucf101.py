# UCF101: .avi videos in one folder per class. An experiment takes one of three splits.
num_classes = 101
data_root = 'data/ucf101'

open_clip = [dict(type='VideoInit')]
decode = [dict(type='VideoDecode')]
flip = dict(type='Flip', flip_ratio=0.5)

clips = dict(
    type='VideoClipDataset', data_prefix=dict(video=f'{data_root}/media'), delimiter='\t',
    tolerate_bad_clips=True)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
