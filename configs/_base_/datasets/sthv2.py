# Something-Something V2: .webm videos.
num_classes = 174
data_root = 'data/sthv2'

open_clip = [dict(type='VideoInit')]
decode = [dict(type='VideoDecode')]
flip = dict(type='FlipWithLabel', labels=f'{data_root}/labels.txt')

clips = dict(
    type='VideoClipDataset', data_prefix=dict(video=f'{data_root}/media'), delimiter='\t',
    tolerate_bad_clips=True)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
