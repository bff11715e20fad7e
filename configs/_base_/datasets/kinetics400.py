# Kinetics-400: .mp4 videos in one folder per class.
_base_ = '../rgb_224.py'

num_classes = 400
data_root = 'data/kinetics400'

open_clip = [dict(type='DecordInit')]
decode = [dict(type='DecordDecode')]
flip = dict(type='Flip', flip_ratio=0.5)

clips = dict(
    type='VideoClipDataset', data_prefix=dict(video=f'{data_root}/media'), delimiter='\t')
train_dataloader = dict(dataset=dict(ann_file=f'{data_root}/train.txt', **clips))
val_dataloader = dict(dataset=dict(ann_file=f'{data_root}/val.txt', test_mode=True, **clips))
test_dataloader = val_dataloader

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
