default_scope = 'mmaction'
custom_imports = dict(imports=['mmtin'], allow_failed_imports=False)

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, ignore_last=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='WholeCheckpointHook', interval=1, save_best='auto', max_keep_ckpts=3),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    sync_buffers=dict(type='SyncBuffersHook'),
    iteration_seed=dict(type='IterationSeedHook'),
    bad_clips=dict(type='BadClipsHook'),
    backbone_weights=dict(type='BackboneWeightsHook'),
    schedule=dict(type='ScheduleHook'))
custom_hooks = [
    dict(type='InterlacingHook'),  # offsets and weights, for tools/plot_interlacing.py
    dict(type='FiniteLossHook'),
]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

log_processor = dict(type='LogProcessor', window_size=20, by_epoch=True)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='ActionVisualizer', vis_backends=vis_backends)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)

val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
