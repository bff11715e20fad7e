"""A light backbone: MobileOne that interlaces before its depthwise blocks. It needs MMPretrain."""

from mmaction.models import backbones
from mmaction.registry import MODELS
from mmengine.model import BaseModule

from mmtin.errors import UserError
from mmtin.models.light_backbone import LightBackbone

# MMAction2 has it where MMPretrain is installed.
_MobileOneTSM = getattr(backbones, 'MobileOneTSM', None)


@MODELS.register_module()
class TINMobileOne(LightBackbone, _MobileOneTSM or BaseModule):  # type: ignore[misc]
    """MobileOne of the Temporal Interlacing Network.

    Takes every argument of MMAction2's MobileOneTSM and MMPretrain's MobileOne, so that a config changes
    ``backbone.type`` alone, and those of :class:`mmtin.models.light_backbone.LightBackbone`. Takes frames
    ``[N*T, 3, H, W]``, gives features ``[N*T, 1024, H/32, W/32]``, 2048 channels for ``arch='s4'``.

    Each 3 x 3 block with a shortcut sees interlaced frames in all of its branches, so that MMPretrain's
    ``switch_to_deploy`` folds them as without.

    Raises:
        UserError: if MMPretrain is not installed.
    """

    def __init__(self, arch: str | dict, num_segments: int = 8, **kwargs) -> None:
        if _MobileOneTSM is None:
            raise UserError(
                "TINMobileOne is built from MMPretrain's MobileOne, which is not installed; install it "
                'with `pip install mmpretrain`, or take TINMobileNetV2'
            )
        super().__init__(num_segments, arch=arch, **kwargs)

    def init_weights(self) -> None:
        """Initialise as MobileOne does, with ``init_cfg`` if given, then load ``pretrained`` if given."""
        super(_MobileOneTSM, self).init_weights()  # type: ignore[arg-type]
        self.load_pretrained()
