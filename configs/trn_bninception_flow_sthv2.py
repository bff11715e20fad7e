# TRN-Multiscale BNInception on optical flow, 8 stacks of 5 fields, Something-Something V2: the second stream of the
# paper's Table 3. tools/extract_flow.py writes lists beside the flow of videos.
_base_ = [
    '_base_/bn_inception.py', '_base_/rgb_224.py', '_base_/datasets/sthv2.py', '_base_/schedules/trn_120e.py',
    '_base_/default_runtime.py']
from mmtin.recipes import loaders, of_flow, pipelines

num_segments = 8  # T, stacks per clip
model = dict(
    backbone=dict(in_channels=10),  # of RGB weights the first convolution is averaged over its colours
    cls_head=dict(
        _delete_=True, type='TRNHead', in_channels=1024, num_classes=_base_.num_classes, num_segments=num_segments,
        average_clips='prob'),
    data_preprocessor=dict(mean=[128] * 10, std=[1] * 10, to_rgb=False))
train_pipeline, test_protocols, test_pipeline = pipelines(of_flow(_base_), num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(
    of_flow(_base_), train_pipeline, test_pipeline, f'{_base_.data_root}/flow')
