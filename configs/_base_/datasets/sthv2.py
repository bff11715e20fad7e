# Something-Something V2: .webm videos.
_base_ = '../rgb_224.py'

num_classes = 174
data_root = 'data/sthv2'

open_clip = [dict(type='DecordInit')]
decode = [dict(type='DecordDecode')]
flip = dict(type='FlipWithLabel', labels=f'{data_root}/labels.txt')

clips = dict(
    type='VideoClipDataset', data_prefix=dict(video=f'{data_root}/media'), delimiter='\t')
train_dataloader = dict(dataset=dict(ann_file=f'{data_root}/train.txt', **clips))
val_dataloader = dict(dataset=dict(ann_file=f'{data_root}/val.txt', test_mode=True, **clips))
test_dataloader = val_dataloader

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
