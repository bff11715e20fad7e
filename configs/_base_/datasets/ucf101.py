# UCF101: .avi videos in one folder per class; an experiment names the split.
_base_ = '../rgb_224.py'

num_classes = 101
data_root = 'data/ucf101'

open_clip = [dict(type='DecordInit')]
decode = [dict(type='DecordDecode')]
flip = dict(type='Flip', flip_ratio=0.5)

clips = dict(type='VideoClipDataset', data_prefix=dict(video=f'{data_root}/media'), delimiter='\t')
train_dataloader = dict(dataset=clips)
val_dataloader = dict(dataset=dict(test_mode=True, **clips))
test_dataloader = val_dataloader

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
