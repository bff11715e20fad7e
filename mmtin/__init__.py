"""Temporal Interlacing Network for MMAction2. Importing it registers everything."""

__version__ = '0.1.0'

from mmtin import compat

compat.apply()

from mmtin import datasets, hooks, loops, models, ops, registry  # noqa: E402

__all__ = ['datasets', 'hooks', 'loops', 'models', 'ops', 'registry']
