# TIN R18, 8 frames of 32 pixels, the clips of tools/make_demo_data.py, frames move to later ones alone: for streams, by
# tools/predict.py --stream --online.
_base_ = 'tin_r18_demo.py'

model = dict(backbone=dict(offsets_per='frame', causal=True, groups=4, reverse=False))
