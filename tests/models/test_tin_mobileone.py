"""TINMobileOne without MMPretrain; with it, see test_interlace_blocks.py."""

import pytest
from mmaction.models import backbones

from mmtin.errors import UserError
from mmtin.models import TINMobileOne


@pytest.mark.skipif(hasattr(backbones, 'MobileOneTSM'), reason='MMPretrain is installed')
def test_says_that_it_needs_mmpretrain():
    with pytest.raises(
        UserError, match='MobileOne, which is not installed; install it with `pip install mmpretrain`'
    ):
        TINMobileOne('s0')
