# TIN R18, 8 frames of 224 pixels, on your own videos: a third of R50's cost, and for lack of public Kinetics
# weights from ImageNet's.
_base_ = 'tin_r50_finetune.py'

model = dict(backbone=dict(depth=18), cls_head=dict(in_channels=512))
load_from = 'https://download.pytorch.org/models/resnet18-f37072fd.pth'
