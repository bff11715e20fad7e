# TIN R18, 24 frames, two words of MIRACL-VC1 one after the other: which of them came first?
_base_ = 'tin_r18_24f_miracl_vc1.py'
from mmtin.recipes import loaders

data_root = 'data/miracl_vc1_order'
clips = dict(data_prefix=dict(img=f'{data_root}/media'))
_base = dict(clips=dict(_base_.clips, **clips), data_root=data_root)
train_dataloader, val_dataloader, test_dataloader = loaders(_base, _base_.train_pipeline, _base_.test_pipeline)
