# Videos of one's own, which --cfg-options data=... names: a folder with a folder for each class, a folder with
# train/ and val/ of that kind, or a list with `path label` per line. mmtin/finetuning.py fills in the rest.
data = None

finetune = dict(
    val_data=None,  # a list to validate on; else the videos are divided
    media=None,  # the folder that paths in a list start from; None: that of the list
    val_share=0.2,  # of the videos of each class
    seed=0,  # of the division
    multi_label=None,  # None: if a line of the list has several labels
    class_weight=None,  # 'balanced': each class counts the same in the loss, however few videos it has
    sampling=None,  # 'balanced': each class is drawn as often, however few videos it has
    batch_norm='auto',  # 'frozen', 'trained'; auto: trained without weights to start from, or from 16 clips on
    amp='auto',  # True, False; auto: mixed precision where there is a CUDA device
    patience=8)  # validations without improvement before training stops; None: never

open_clip = [dict(type='VideoInit')]
decode = [dict(type='VideoDecode')]
flip = dict(type='FlipWithLabel', flip_ratio=0.5)  # turn_left mirrored is turn_right

clips = dict(type='VideoClipDataset', delimiter='\t', tolerate_bad_clips=True)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
