# TIN R18, 8 frames, MIRACL-VC1, frames move to later ones alone: for streams, by
# tools/predict.py --stream --online.
_base_ = 'tin_r18_miracl_vc1.py'

model = dict(backbone=dict(offsets_per='frame', causal=True, groups=4, reverse=False))
