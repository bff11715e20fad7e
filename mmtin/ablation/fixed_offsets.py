"""TIN whose offsets stay where they start, to tell what learning them buys from what their reach buys.

For ablations alone. ``import mmtin`` does not import it.
"""

from mmaction.registry import MODELS
from torch import nn

from mmtin.models import TemporalInterlace, TINResNet


@MODELS.register_module()
class FixedOffsetTINResNet(TINResNet):
    """TINResNet whose groups move by ``initial_offset`` frames in every clip; its weights are learned.

    Apart from the offsets it draws the same start values as TINResNet.
    """

    def make_interlace(self, in_channels: int, num_segments: int) -> TemporalInterlace:
        """That of TINResNet, its offset network constant and without gradients."""
        interlace = super().make_interlace(in_channels, num_segments)
        nn.init.zeros_(interlace.offset_net.get_parameter('fc2.weight'))
        interlace.offset_net.requires_grad_(False)
        return interlace
