# default_runtime.py for small networks on a CPU, where convolutions are faster in channels_last.
_base_ = 'default_runtime.py'

custom_hooks = [*_base_.custom_hooks, dict(type='ChannelsLastHook')]
