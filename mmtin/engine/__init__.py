"""Training that survives interruptions: loops, hooks, resumption, several processes."""

from mmtin.engine.backbone_weights_hook import BackboneWeightsHook
from mmtin.engine.bad_clips_hook import BadClipsHook
from mmtin.engine.bfloat16 import Bfloat16OptimWrapper
from mmtin.engine.channels_last_hook import ChannelsLastHook
from mmtin.engine.checkpoint_hook import WholeCheckpointHook
from mmtin.engine.finite_loss import FiniteLossHook
from mmtin.engine.iteration_seed import IterationSeedHook
from mmtin.engine.loops import ResumableTrainLoop
from mmtin.engine.patience_hook import PatienceHook
from mmtin.engine.schedule_hook import ScheduleHook

__all__ = [
    'BackboneWeightsHook',
    'BadClipsHook',
    'Bfloat16OptimWrapper',
    'ChannelsLastHook',
    'FiniteLossHook',
    'IterationSeedHook',
    'PatienceHook',
    'ResumableTrainLoop',
    'ScheduleHook',
    'WholeCheckpointHook',
]
