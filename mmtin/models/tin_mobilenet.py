"""The light backbone: MobileNetV2 that interlaces before the expansion of its residual blocks."""

from mmaction.models.backbones.mobilenet_v2_tsm import MobileNetV2TSM
from mmaction.registry import MODELS

from mmtin.checkpoint import backbone_weights, fit_state_dict, read_checkpoint
from mmtin.checkpoint.mobilenet import rename_torchvision
from mmtin.models.interlace_blocks import interlace_


@MODELS.register_module()
class TINMobileNetV2(MobileNetV2TSM):
    """MobileNetV2 of the Temporal Interlacing Network.

    Takes every argument of MMAction2's MobileNetV2TSM and MobileNetV2, so that a config changes
    ``backbone.type`` alone. Takes frames ``[N*T, 3, H, W]``, gives features ``[N*T, 1280, H/32, W/32]``.

    Args:
        num_segments: T, frames in a clip.
        shift_div, groups, reverse, max_offset, initial_offset, offsets_per, causal: as in
            :func:`mmtin.models.interlace_`.
        is_tin: False leaves the plain 2D network.
        pretrained: path or address of weights to start from: a MobileNetV2 of torchvision or MMPretrain, or
            a recognizer with one, 2D, TSM or TIN. Layers that it lacks are initialised anew and named in
            the log.
        kwargs: arguments of MobileNetV2TSM and MobileNetV2. ``is_shift=False`` is ``is_tin=False``;
            ``pretrained2d`` has no meaning here.

    Raises:
        UserError: if an argument is out of range or a checkpoint does not fit.
    """

    def __init__(
        self,
        num_segments: int = 8,
        shift_div: int = 4,
        groups: int = 2,
        reverse: bool = True,
        max_offset: float | None = None,
        initial_offset: float = 1.0,
        offsets_per: str = 'clip',
        causal: bool = False,
        is_tin: bool = True,
        pretrained: str | None = None,
        **kwargs,
    ) -> None:
        self.groups = groups
        self.reverse = reverse
        self.max_offset = max_offset
        self.initial_offset = initial_offset
        self.offsets_per = offsets_per
        self.causal = causal
        self.is_tin = is_tin
        super().__init__(num_segments=num_segments, shift_div=shift_div, **kwargs)
        self.pretrained = pretrained

    def make_temporal_shift(self) -> None:
        """Interlace; MobileNetV2TSM calls it once built, unless ``is_shift=False``."""
        if self.is_tin:
            interlace_(
                self, self.num_segments, self.shift_div, self.groups, self.reverse, self.max_offset,
                self.initial_offset, self.offsets_per, self.causal,
            )  # fmt: skip

    def init_weights(self) -> None:
        """Initialise as MobileNetV2 does, then load ``pretrained`` if given."""
        super(MobileNetV2TSM, self).init_weights()
        if self.pretrained:
            self.load_state_dict(backbone_weights(read_checkpoint(self.pretrained)), strict=False)

    def train(self, mode: bool = True) -> 'TINMobileNetV2':
        """Set the mode, as MobileNetV2 does, and return the module, which MobileNetV2 forgets."""
        super().train(mode)
        return self

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Let every way of loading accept a MobileNetV2, TSN, TSM or TIN checkpoint."""
        rename_torchvision(state_dict, [count for _, _, count, _ in self.arch_settings], prefix)
        fit_state_dict(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)
