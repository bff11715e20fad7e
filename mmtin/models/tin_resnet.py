"""The backbone: a 2D ResNet that interlaces frames before the first convolution of its blocks."""

import threading
from collections.abc import Sequence

import torch
from mmaction.models.backbones.resnet import ResNet
from mmaction.models.backbones.resnet_tin import CombineNet
from mmaction.models.backbones.resnet_tsm import NL3DWrapper, ResNetTSM
from mmaction.registry import MODELS
from mmcv.cnn import ConvModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mmtin.checkpoint import backbone_weights, fit_state_dict, read_checkpoint
from mmtin.errors import UserError
from mmtin.models.interlaced_conv import InterlacedConv
from mmtin.models.residual_blocks import ARCH_SETTINGS
from mmtin.models.stream import StreamState, stream_step
from mmtin.models.temporal_interlace import TemporalInterlace

_FUSING = threading.Lock()


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
        initial_offset: frames that every group starts with, whatever R and T, as in the paper; the public
            releases start from 0.5. No checkpoint of a TIN that is loaded notices.
        offsets_per: ``'clip'`` as in the paper, or ``'frame'``: weights that fit any number of frames, and
            R = 4 frames where ``max_offset`` is None.
        causal: move frames to later ones alone, for :meth:`step`. Needs ``offsets_per='frame'`` and
            ``reverse=False``.
        interlace_stages: the stages, from 0, whose blocks interlace; None means all.
        is_tin: False leaves the plain 2D ResNet.
        fused_inference: whether the first forward pass in eval mode calls :meth:`fuse_for_inference`, for
            models that only infer: ``init_recognizer``, ``mim test``. Such a model trains no more.
        pretrained: path or address of weights to start from: a torchvision ResNet, or a TSN, TSM or TIN
            checkpoint of MMAction2, TSM's authors, deepcs233/TIN or X-Temporal. Layers that it lacks are
            initialised anew and named in the log.
        kwargs: arguments of ResNetTSM and ResNet. ``shift_place`` other than ``'blockres'`` has no
            meaning here; ``is_shift=False`` is ``is_tin=False``; with ``temporal_pool`` the stages
            after the first see T / 2 frames.

    Raises:
        UserError: if an argument is out of range, the channels do not divide into the groups, or a
            checkpoint does not fit.
    """

    arch_settings = ARCH_SETTINGS

    def __init__(
        self,
        depth: int,
        num_segments: int = 8,
        shift_div: int = 4,
        groups: int = 2,
        reverse: bool = True,
        max_offset: float | None = None,
        initial_offset: float = 1.0,
        offsets_per: str = 'clip',
        causal: bool = False,
        interlace_stages: Sequence[int] | None = None,
        is_tin: bool = True,
        fused_inference: bool = False,
        **kwargs,
    ) -> None:
        if depth not in self.arch_settings:
            raise UserError(f'depth must be one of {", ".join(map(str, self.arch_settings))}, got {depth}')
        self.groups = groups
        self.reverse = reverse
        self.max_offset = max_offset
        self.initial_offset = initial_offset
        self.offsets_per = offsets_per
        self.causal = causal
        self.interlace_stages = interlace_stages
        self.is_tin = is_tin
        self.fused_inference = fused_inference
        self.is_fused = False
        super().__init__(depth, num_segments=num_segments, shift_div=shift_div, **kwargs)
        if self.partial_bn:
            # Freezes now what ResNet would freeze in the first epoch: optimizer and DistributedDataParallel
            # ask before that which parameters get a gradient.
            self.train()

    def init_structure(self) -> None:
        """Insert what makes the 2D ResNet a video network; ResNetTSM calls it once built."""
        if self.temporal_pool and self.num_segments % 2:
            raise UserError(
                'temporal_pool halves the number of frames, which must be even; '
                f'got num_segments={self.num_segments}'
            )
        if self.causal and (self.temporal_pool or self.non_local_cfg):
            raise UserError(
                'temporal_pool and non_local look at later frames; leave them out or set causal=False'
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
            num_segments = self.num_segments // 2 if pooled else self.num_segments
            for block in getattr(self, self.res_layers[stage]):
                block.conv1.conv = self.make_temporal_conv(block.conv1.conv, num_segments)

    def make_temporal_conv(self, conv: nn.Conv2d, num_segments: int) -> nn.Module:
        """What stands in the place of conv1 of a block that sees clips of ``num_segments`` frames."""
        return InterlacedConv(self.make_interlace(conv.in_channels, num_segments), conv)

    def make_interlace(self, in_channels: int, num_segments: int) -> TemporalInterlace:
        """The interlacing of a block whose input has ``in_channels``."""
        return TemporalInterlace(
            in_channels,
            num_segments=num_segments,
            shift_div=self.shift_div,
            groups=self.groups,
            reverse=self.reverse,
            max_offset=self.max_offset,
            initial_offset=self.initial_offset,
            offsets_per=self.offsets_per,
            causal=self.causal,
        )

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
            self.load_state_dict(backbone_weights(read_checkpoint(self.pretrained)), strict=False)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """``[N*T, 3, H, W]`` -> features of the last stage, or of each of ``out_indices``."""
        if self.fused_inference and not (self.training or self.is_fused):
            self.fuse_for_inference()
        return super().forward(x)

    def step(
        self, frames: Tensor, state: StreamState | None = None
    ) -> tuple[Tensor | tuple[Tensor, ...], StreamState]:
        """The features of the next frame of each of N streams; see :func:`mmtin.models.stream_step`.

        ``[N, 3, H, W]`` -> what :meth:`forward` gives for N frames, and the next state.
        """
        return stream_step(self, frames, state)

    def fuse_for_inference(self) -> 'TINResNet':
        """Fold BatchNorm into the convolutions and lay weights out as ``channels_last``, in place.

        The same network to rounding, faster, for inference alone: call it after weights are loaded.
        Frames of either memory format may come in.

        Returns:
            The module, in eval mode.
        """
        # Threads that infer may come here together; weights made in inference mode could not leave it.
        with _FUSING, torch.inference_mode(False):
            if not self.is_fused:
                self.eval()
                for module in self.modules():
                    if isinstance(module, ConvModule) and module.with_norm:
                        _fold_norm(module)
                self.to(memory_format=torch.channels_last)
                self.is_fused = True
        return self

    def train(self, mode: bool = True) -> 'TINResNet':
        """Set the mode, as ResNet does, and return the module, which ResNet forgets.

        Raises:
            UserError: if the network was fused for inference, which cannot be undone.
        """
        if mode and self.is_fused:
            raise UserError(
                'this network was fused for inference and trains no more; build it anew, without '
                'fused_inference, and load its checkpoint'
            )
        super().train(mode)
        return self

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Let every way of loading accept a ResNet, TSN, TSM or TIN checkpoint."""
        if self.is_fused or f'{prefix}conv1.conv.bias' in state_dict:
            raise UserError(
                f'{"this network" if self.is_fused else "the checkpoint"} was fused for inference, without '
                'BatchNorm; load the checkpoint of the training into a network that is not fused yet'
            )
        fit_state_dict(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _fold_norm(module: ConvModule) -> None:
    if isinstance(module.norm, _BatchNorm):
        within_block = isinstance(module.conv, CombineNet)
        holder, name = (module.conv, 'net2') if within_block else (module, 'conv')
        setattr(holder, name, fuse_conv_bn_eval(getattr(holder, name), module.norm))
        setattr(module, module.norm_name, nn.Identity())
