# TIN R18, 24 frames of 40 pixels, two words of MIRACL-VC1 one after the other, from scratch: which came first?
_base_ = [
    '_base_/small.py', '_base_/datasets/miracl_vc1_order.py', '_base_/schedules/scratch_24e.py',
    '_base_/small_runtime.py']
from mmtin.recipes import first_stages, loaders, pipelines, tin

num_segments = 24  # T, frames per clip
# Three stages, 40 pixels and bfloat16: a quarter of an hour on a thread of a CPU with avx512_bf16. Offsets start
# from R / 4, for reach.
model = dict(
    backbone=tin(18, num_segments, initial_offset=3.0, **first_stages(3)),
    cls_head=dict(num_classes=_base_.num_classes, in_channels=256, num_segments=num_segments))
optim_wrapper = dict(type='Bfloat16OptimWrapper')
train_pipeline, test_protocols, test_pipeline = pipelines(_base_, num_segments)
train_dataloader, val_dataloader, test_dataloader = loaders(_base_, train_pipeline, test_pipeline)
