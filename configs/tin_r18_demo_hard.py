# TIN R18, 8 frames of 40 pixels, from scratch: the arrow of time of motions of any pace. See tools/make_demo_data.py.
_base_ = 'tin_r18_demo.py'

data_root = 'data/demo_hard'
# The size of the records of docs/ablation.md.
resize = dict(type='Resize', scale=(40, 40), keep_ratio=False)
train_pipeline = [resize if step['type'] == 'Resize' else step for step in _base_.train_pipeline]
test_pipeline = [resize if step['type'] == 'Resize' else step for step in _base_.test_pipeline]

model = dict(
    backbone=dict(_delete_=True, type='TINResNet', depth=18, num_segments=_base_.num_segments),
    cls_head=dict(in_channels=512))
train_dataloader = dict(
    dataset=dict(
        ann_file=f'{data_root}/train.txt', data_prefix=dict(video=data_root), pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        ann_file=f'{data_root}/val.txt', data_prefix=dict(video=data_root), pipeline=test_pipeline))
test_dataloader = val_dataloader
