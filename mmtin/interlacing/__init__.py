"""Record and draw the offsets and weights that the TIN layers of a network predict."""

from mmtin.interlacing.hook import InterlacingHook

__all__ = ['InterlacingHook']
