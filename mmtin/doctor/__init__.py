"""What mmtin found on this machine, what of it fits and what mends the rest.

It runs where ``import mmtin`` refuses to, so that nothing here imports the rest of mmtin before it has been
looked at.
"""

from mmtin.doctor.examination import examine
from mmtin.doctor.finding import Finding

__all__ = ['Finding', 'examine']
