# Something-Something V1: frames as {:05}.jpg in one folder per clip.
_base_ = '../rgb_224.py'

num_classes = 174
data_root = 'data/sthv1'

open_clip = []
decode = [dict(type='RawFrameDecode')]
flip = dict(type='FlipWithLabel', labels=f'{data_root}/labels.txt')

clips = dict(
    type='RawframeClipDataset', data_prefix=dict(img=f'{data_root}/media'), filename_tmpl='{:05}.jpg')
train_dataloader = dict(dataset=dict(ann_file=f'{data_root}/train.txt', **clips))
val_dataloader = dict(dataset=dict(ann_file=f'{data_root}/val.txt', test_mode=True, **clips))
test_dataloader = val_dataloader

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
