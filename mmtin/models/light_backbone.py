"""What MMAction2's light backbones for TSM have in common when they interlace instead."""

from torch import nn

from mmtin.checkpoint import backbone_weights, fit_state_dict, read_checkpoint
from mmtin.models.interlace_blocks import interlace_


class LightBackbone(nn.Module):
    """First base of a class whose second is a TSM backbone of MMAction2: interlaces where that would shift.

    Takes frames ``[N*T, 3, H, W]``, gives features ``[N*T, C, h, w]``.

    Args:
        num_segments: T, frames in a clip.
        shift_div, groups, reverse, max_offset, initial_offset, offsets_per, causal: as in
            :func:`mmtin.models.interlace_`.
        is_tin: False leaves the plain 2D network.
        pretrained: path or address of weights to start from: of the 2D network, or of a recognizer with
            one, 2D, TSM or TIN. Layers that it lacks are initialised anew and named in the log.
        kwargs: arguments of the TSM backbone. ``is_shift=False`` is ``is_tin=False``; ``pretrained2d`` has
            no meaning here.

    Raises:
        UserError: if an argument is out of range or a checkpoint does not fit.
    """

    num_segments: int
    shift_div: int

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
        """Interlace; MMAction2's backbones call it once built, unless ``is_shift=False``."""
        if self.is_tin:
            interlace_(
                self, self.num_segments, self.shift_div, self.groups, self.reverse, self.max_offset,
                self.initial_offset, self.offsets_per, self.causal,
            )  # fmt: skip

    def load_pretrained(self) -> None:
        """Load ``pretrained`` if given."""
        if self.pretrained:
            self.load_state_dict(backbone_weights(read_checkpoint(self.pretrained)), strict=False)

    def train(self, mode: bool = True) -> 'LightBackbone':
        """Set the mode and return the module, which MMAction2's MobileNetV2 forgets."""
        super().train(mode)
        return self

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Let every way of loading accept a checkpoint of the 2D network, TSN, TSM or TIN."""
        fit_state_dict(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)
