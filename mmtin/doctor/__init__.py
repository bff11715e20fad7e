"""Examine what mmtin needs on this machine: what is there, what fits and what mends the rest.

It runs where ``import mmtin`` fails, so nothing here imports the rest of mmtin before it was examined.
"""

from mmtin.doctor.examination import examine
from mmtin.doctor.finding import Finding

__all__ = ['Finding', 'examine']
