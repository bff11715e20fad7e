"""The tests that export need a torch that can."""

import pytest

from mmtin.compat.torch import require
from mmtin.errors import UserError


def require_export() -> None:
    """Skip a test where torch is too old for it."""
    try:
        require((2, 6), 'exporting')
    except UserError as error:
        pytest.skip(str(error))
