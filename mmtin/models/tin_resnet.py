"""The backbone: a 2D ResNet that interlaces frames before the first convolution of its blocks."""

from collections.abc import Sequence

from mmaction.models.backbones.resnet import ResNet
from mmaction.models.backbones.resnet_tin import CombineNet
from mmaction.models.backbones.resnet_tsm import NL3DWrapper, ResNetTSM
from mmaction.registry import MODELS
from mmengine.runner.checkpoint import _load_checkpoint

from mmtin.checkpoint import backbone_weights, fit_state_dict
from mmtin.errors import UserError
from mmtin.models.temporal_interlace import TemporalInterlace


@MODELS.register_module()
class TINResNet(ResNetTSM):
    """ResNet of the Temporal Interlacing Network (AAAI 2020).

    Takes every argument of MMAction2's ResNetTSM and ResNetTIN, so that a config changes
    ``backbone.type`` alone; its state-dict keys are those of ResNetTIN.

    Args:
        depth: 18, 34, 50, 101 or 152.
        num_segments: T, frames in a clip.
        shift_div: one in ``shift_div`` channels is interlaced.
        groups: learned offsets in each block.
        reverse: whether each learned offset also moves a second group of channels the other way.
        max_offset: R, the largest offset in frames. None means ``num_segments / 2`` as in the paper;
            2.0 is what the public releases and their checkpoints use.
        interlace_stages: the stages, from 0, whose blocks interlace; None means all.
        is_tin: False leaves the plain 2D ResNet.
        pretrained: path or address of weights to start from: a torchvision ResNet, or a TSN, TSM or TIN
            checkpoint of MMAction2. Layers that it lacks are initialised anew and named in the log.
        kwargs: arguments of ResNetTSM and ResNet. ``shift_place`` other than ``'blockres'`` has no
            meaning here; ``is_shift=False`` is ``is_tin=False``; with ``temporal_pool`` the stages
            after the first see T / 2 frames.

    Raises:
        UserError: if an argument is out of range, the channels do not divide into the groups, or a
            checkpoint does not fit.
    """

    def __init__(
        self,
        depth: int,
        num_segments: int = 8,
        shift_div: int = 4,
        groups: int = 2,
        reverse: bool = True,
        max_offset: float | None = None,
        interlace_stages: Sequence[int] | None = None,
        is_tin: bool = True,
        **kwargs,
    ) -> None:
        if depth not in self.arch_settings:
            raise UserError(f'depth must be one of {", ".join(map(str, self.arch_settings))}, got {depth}')
        self.groups = groups
        self.reverse = reverse
        self.max_offset = max_offset
        self.interlace_stages = interlace_stages
        self.is_tin = is_tin
        super().__init__(depth, num_segments=num_segments, shift_div=shift_div, **kwargs)

    def init_structure(self) -> None:
        """Insert what makes the 2D ResNet a video network; ResNetTSM calls it once built."""
        if self.temporal_pool and self.num_segments % 2:
            raise UserError(
                'temporal_pool halves the number of frames, which must be even; '
                f'got num_segments={self.num_segments}'
            )
        if self.is_tin and self.is_shift:
            self.make_temporal_interlace()
        if self.non_local_cfg:
            self.make_non_local()
        if self.temporal_pool:
            self.make_temporal_pool()

    def make_temporal_interlace(self) -> None:
        """Put a TemporalInterlace before conv1 of every block of ``interlace_stages``."""
        if 'blockres' not in self.shift_place:
            raise UserError(
                'TIN interlaces before the first convolution of a block, '
                f"shift_place='blockres'; got {self.shift_place!r}"
            )
        stages = set(range(self.num_stages))
        chosen = stages if self.interlace_stages is None else set(self.interlace_stages)
        if chosen - stages:
            raise UserError(
                f'interlace_stages must lie in 0..{self.num_stages - 1}, got {sorted(chosen - stages)}'
            )
        for stage in chosen:
            pooled = self.temporal_pool and stage > 0
            for block in getattr(self, self.res_layers[stage]):
                interlace = TemporalInterlace(
                    block.conv1.in_channels,
                    num_segments=self.num_segments // 2 if pooled else self.num_segments,
                    shift_div=self.shift_div,
                    groups=self.groups,
                    reverse=self.reverse,
                    max_offset=self.max_offset,
                )
                block.conv1.conv = CombineNet(interlace, block.conv1.conv)

    def make_non_local(self) -> None:
        """Add non-local blocks as ResNetTSM does, which forgets that pooling halves the clips."""
        super().make_non_local()
        if self.temporal_pool:
            for layer in self.res_layers[1:]:
                for block in getattr(self, layer):
                    if isinstance(block, NL3DWrapper):
                        block.num_segments = self.num_segments // 2

    def init_weights(self) -> None:
        """Initialise as ResNet does, then load ``pretrained`` if given."""
        super(ResNet, self).init_weights()
        if self.pretrained:
            checkpoint = _load_checkpoint(self.pretrained, map_location='cpu')
            self.load_state_dict(backbone_weights(checkpoint), strict=False)

    def train(self, mode: bool = True) -> 'TINResNet':
        """Set the mode, as ResNet does, and return the module, which ResNet forgets."""
        super().train(mode)
        return self

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Let every way of loading accept a ResNet, TSN, TSM or TIN checkpoint."""
        fit_state_dict(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)
