# TIN R50, 8 frames, UCF101, split 3.
_base_ = 'tin_r50_ucf101.py'
from mmtin.recipes import loaders

split = 3
lists = f'{_base_.data_root}/split{split}'
train_dataloader, val_dataloader, test_dataloader = loaders(
    _base_, _base_.train_pipeline, _base_.test_pipeline, lists)
