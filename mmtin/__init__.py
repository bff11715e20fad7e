"""Temporal Interlacing Network for MMAction2. Importing it registers everything."""

import warnings

from mmtin.version import __version__

with warnings.catch_warnings():
    # Of mmengine and mmcv, which nobody who reads them can change.
    warnings.filterwarnings('ignore', 'pkg_resources is deprecated')
    warnings.filterwarnings('ignore', 'Fail to import ``MultiScaleDeformableAttention``')
    from mmtin import compat

    compat.apply()

    from mmtin import datasets, engine, interlacing, models, ops, registry

__all__ = ['__version__', 'datasets', 'engine', 'interlacing', 'models', 'ops', 'registry']
