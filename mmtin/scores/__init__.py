"""Results of experiments: reading, comparing."""

from mmtin.scores.results import TestResult, comparison_table, latest_test_result

__all__ = ['TestResult', 'comparison_table', 'latest_test_result']
