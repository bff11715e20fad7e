"""Temporal Interlacing Network for MMAction2. Importing it registers everything."""

from mmtin import compat
from mmtin.version import __version__

compat.apply()

from mmtin import datasets, engine, interlacing, models, ops, registry  # noqa: E402

__all__ = ['__version__', 'datasets', 'engine', 'interlacing', 'models', 'ops', 'registry']
