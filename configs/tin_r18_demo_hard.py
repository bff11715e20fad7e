# TIN R18, 8 frames of 40 pixels, from scratch: the arrow of time of motions of any pace. See tools/make_demo_data.py.
_base_ = 'tin_r18_demo.py'

data_root = 'data/demo_hard'
max_epochs = 4

model = dict(
    backbone=dict(_delete_=True, type='TINResNet', depth=18, num_segments=_base_.num_segments),
    cls_head=dict(in_channels=512))
train_dataloader = dict(
    dataset=dict(ann_file=f'{data_root}/train.txt', data_prefix=dict(video=data_root)))
val_dataloader = dict(
    dataset=dict(ann_file=f'{data_root}/val.txt', data_prefix=dict(video=data_root)))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [
    dict(type='OneCycleLR', eta_max=2e-3, by_epoch=True, total_steps=max_epochs, convert_to_iter_based=True)
]
