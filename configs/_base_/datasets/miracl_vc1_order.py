# Two words of MIRACL-VC1 one after the other: lips of 46 pixels, of which 40 are seen.
_base_ = 'miracl_vc1.py'

data_root = 'data/miracl_vc1_order'

open_clip = [
    dict(
        type='DecodedOnce',
        decode=[dict(type='RawFrameDecode'), dict(type='Resize', scale=(46, 46), keep_ratio=False)])
]
jitter = [dict(type='RandomCrop', size=40)]

_crop = dict(type='CenterCrop', crop_size=40)
views = dict(
    forwards=dict(crop=[_crop]), reversed=dict(crop=[_crop, dict(type='ReverseFrames')]))

clips = dict(data_prefix=dict(img=f'{data_root}/media'))
