"""A light backbone: MobileNetV2 that interlaces before the expansion of its residual blocks."""

from mmaction.models.backbones.mobilenet_v2_tsm import MobileNetV2TSM
from mmaction.registry import MODELS

from mmtin.checkpoint.mobilenet import rename_torchvision
from mmtin.models.light_backbone import LightBackbone


@MODELS.register_module()
class TINMobileNetV2(LightBackbone, MobileNetV2TSM):
    """MobileNetV2 of the Temporal Interlacing Network.

    Takes every argument of MMAction2's MobileNetV2TSM and MobileNetV2, so that a config changes
    ``backbone.type`` alone, and those of :class:`mmtin.models.light_backbone.LightBackbone`, whose
    ``pretrained`` takes torchvision's weights, too. Takes frames ``[N*T, 3, H, W]``, gives features
    ``[N*T, 1280, H/32, W/32]``.
    """

    def init_weights(self) -> None:
        """Initialise as MobileNetV2 does, then load ``pretrained`` if given."""
        super(MobileNetV2TSM, self).init_weights()
        self.load_pretrained()

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Let every way of loading accept torchvision's names."""
        rename_torchvision(state_dict, [count for _, _, count, _ in self.arch_settings], prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)
