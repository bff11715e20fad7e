# TIN R50, 8 frames, Something-Something V1, 4 learned groups, not reversed (the paper's Table 5,
# whose base has 2 groups reversed too).
_base_ = 'tin_r50_sthv1.py'

model = dict(backbone=dict(groups=4, reverse=False))
