# TIN R50, 8 frames, Something-Something V1, 1 learned group, reversed too: 42.0 top-1 in the paper
# (Table 5, whose base, 2 groups reversed too, has 42.9).
_base_ = 'tin_r50_sthv1.py'

model = dict(backbone=dict(groups=1, reverse=True))
