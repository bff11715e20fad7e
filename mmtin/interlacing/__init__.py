"""What a network learned: offsets and weights of its TIN layers, recorded and drawn."""

from mmtin.interlacing.hook import InterlacingHook

__all__ = ['InterlacingHook']
