"""One small recognizer for all tests of prediction."""

import pytest

from mmtin.prediction import load_recognizer
from tests.prediction.small_recognizer import write_recognizer


@pytest.fixture(scope='session')
def small(tmp_path_factory):
    """Its config and checkpoint."""
    return write_recognizer(tmp_path_factory.mktemp('recognizer'))


@pytest.fixture(scope='session')
def model(small):
    return load_recognizer(*small)
