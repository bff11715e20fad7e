# ECO Lite on optical flow, 20 stacks of 5 fields, Something-Something V1: one of the four of ECO-En's second stream (the
# paper's Table 1).
_base_ = 'ecolite_bninception_16f_flow_sthv1.py'
from mmtin.recipes import loaders, of_flow, pipelines

num_segments = 20
model = dict(backbone=dict(num_segments=num_segments))
train_pipeline, test_protocols, test_pipeline = pipelines(of_flow(_base_), num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(of_flow(_base_), train_pipeline, test_pipeline)
