"""TSM in MobileNetV2, a control that starts from the same weights as TIN.

For ablations alone. ``import mmtin`` does not import it.
"""

from mmaction.models.backbones.mobilenet_v2_tsm import MobileNetV2TSM
from mmaction.registry import MODELS

from mmtin.models import TINMobileNetV2


@MODELS.register_module()
class TSMMobileNetV2(TINMobileNetV2):
    """MMAction2's MobileNetV2TSM, loading and initialising what it starts from as TINMobileNetV2 does."""

    def make_temporal_shift(self) -> None:
        """Shift."""
        MobileNetV2TSM.make_temporal_shift(self)
