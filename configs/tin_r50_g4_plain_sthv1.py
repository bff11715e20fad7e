# TIN R50, 8 frames, Something-Something V1, 4 learned groups, not reversed: 42.6 top-1 in the paper
# (Table 5, whose base, 2 groups reversed too, has 42.9).
_base_ = 'tin_r50_sthv1.py'

model = dict(backbone=dict(groups=4, reverse=False))
