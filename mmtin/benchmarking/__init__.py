"""Measurements: subjects that take turns, checked before they are timed, set side by side."""

from mmtin.benchmarking.output import environment, table, write_csv
from mmtin.benchmarking.timing import Timing, alternate, compare

__all__ = ['Timing', 'alternate', 'compare', 'environment', 'table', 'write_csv']
