"""Work spread over the machines of a Ray cluster."""

from mmtin.cluster.connection import add_ray
from mmtin.cluster.spreading import Work, spread

__all__ = ['Work', 'add_ray', 'spread']
