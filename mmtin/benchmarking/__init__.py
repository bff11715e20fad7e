"""Benchmarks: subjects are checked, timed in turns and compared."""

from mmtin.benchmarking.output import environment, table, write_csv
from mmtin.benchmarking.timing import Timing, alternate, compare

__all__ = ['Timing', 'alternate', 'compare', 'environment', 'table', 'write_csv']
