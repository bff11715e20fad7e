# Jester: frames as {:05}.jpg in one folder per clip.
num_classes = 27
data_root = 'data/jester'

open_clip = []
decode = [dict(type='RawFrameDecode')]
flip = dict(type='FlipWithLabel', labels=f'{data_root}/labels.txt')

clips = dict(
    type='RawframeClipDataset', data_prefix=dict(img=f'{data_root}/media'), filename_tmpl='{:05}.jpg',
    tolerate_bad_clips=True)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
