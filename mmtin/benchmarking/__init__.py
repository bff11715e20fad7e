"""Measurements: subjects that take turns, checked before they are timed, set side by side."""

from mmtin.benchmarking.report import environment, table, write_csv
from mmtin.benchmarking.timing import Row, alternate, compare

__all__ = ['Row', 'alternate', 'compare', 'environment', 'table', 'write_csv']
