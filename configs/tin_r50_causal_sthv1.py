# TIN R50, 8 frames, Something-Something V1, frames move to later ones alone: for streams, by
# tools/predict.py --stream --online.
_base_ = 'tin_r50_sthv1.py'

model = dict(backbone=dict(offsets_per='frame', causal=True, groups=4, reverse=False))
