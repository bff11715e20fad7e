"""Hooks for the Runner of mmengine."""

from mmtin.hooks.bad_clips import BadClipsHook
from mmtin.hooks.checkpoint import WholeCheckpointHook
from mmtin.hooks.finite_loss import FiniteLossHook
from mmtin.hooks.interlacing import InterlacingHook
from mmtin.hooks.iteration_seed import IterationSeedHook

__all__ = ['BadClipsHook', 'FiniteLossHook', 'InterlacingHook', 'IterationSeedHook', 'WholeCheckpointHook']
