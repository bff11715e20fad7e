# default_runtime.py for small networks on a CPU, where convolutions are faster in channels_last.
_base_ = 'default_runtime.py'

custom_hooks = [
    dict(type='InterlacingHook'),
    dict(type='FiniteLossHook'),
    dict(type='ChannelsLastHook'),
]
