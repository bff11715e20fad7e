# Small clips, from scratch on one thread of a CPU: frames are decoded once and kept in memory. The file of the
# data set says how (open_clip), and what jitters; mmtin/recipes.py puts the steps in a row.
_base_ = 'small_recognizer2d.py'

sampling = dict(type='SampleFrames', clip_len=1, frame_interval=1, keep_tail_frames=True)
decode = [dict(type='ArrayDecode')]
pack = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]

# Tests, by the order of the frames: a network that reads it is lost with `reversed`.
test_protocol = 'forwards'

train_dataloader = dict(
    batch_size=16, num_workers=0, sampler=dict(type='SeededSampler', shuffle=True))
val_dataloader = dict(
    batch_size=16, num_workers=0, sampler=dict(type='SeededSampler', shuffle=False))
test_dataloader = val_dataloader
