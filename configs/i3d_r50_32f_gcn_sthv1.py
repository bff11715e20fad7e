# Non-local I3D R50 and region graphs (Wang and Gupta 2018), 32 frames, Something-Something V1 (the paper's Table 1).
_base_ = 'i3d_r50_32f_sthv1.py'
from mmtin.recipes import loaders, pipelines, whole_clips

proposal_file = f'{_base_.data_root}/proposals.pkl'  # ten boxes a frame; mmtin/peers/README.md says how
model = dict(
    backbone=dict(**_base_.non_local),
    cls_head=dict(
        _delete_=True, type='RegionGraphHead', num_classes=_base_.num_classes, average_clips='prob'))
load_from = _base_.i3d_weights['non_local']
boxes = dict(type='LoadRegionProposals', proposal_file=proposal_file)
train_pipeline, test_protocols, test_pipeline = pipelines(
    _base_, 1, test_protocol=_base_.test_protocol, decode=[*_base_.decode, boxes],
    **whole_clips(_base_, _base_.num_segments))
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
