"""Names that MMAction2 uses and numpy 2 lacks."""

import numpy as np


def restore_names() -> None:
    """Give numpy 2 back the names that MMAction2 1.2.0 still uses.

    ``np.Inf`` in mmaction/utils/misc.py and the pose transforms, ``np.in1d`` and ``np.trapz`` in its
    metrics (removed in numpy 2.0 and 2.4; MMAction2 issue 2912). May go with the first MMAction2
    release that runs on numpy 2.
    """
    for name, successor in {'Inf': 'inf', 'in1d': 'isin', 'trapz': 'trapezoid'}.items():
        if not hasattr(np, name):
            setattr(np, name, getattr(np, successor))
