"""Read and compare results of experiments."""

from mmtin.scores.results import TestResult, comparison_table, latest_test_result

__all__ = ['TestResult', 'comparison_table', 'latest_test_result']
