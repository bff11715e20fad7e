# TIN R50, 8 frames, UCF101, split 3.
_base_ = 'tin_r50_ucf101.py'

split = 3
train_dataloader = dict(dataset=dict(ann_file=f'{_base_.data_root}/split{split}/train.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{_base_.data_root}/split{split}/val.txt'))
test_dataloader = val_dataloader
