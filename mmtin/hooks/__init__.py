"""Hooks for the Runner of mmengine."""

from mmtin.hooks.interlacing import InterlacingHook

__all__ = ['InterlacingHook']
