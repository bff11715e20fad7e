"""ECO (Zolfaghari, Singh and Brox 2018): BNInception for frames, then a 3D ResNet-18 for the clip."""

from mmaction.registry import MODELS
from torch import Tensor, nn

from mmtin.errors import UserError
from mmtin.peers.bn_inception import BLOCKS, InceptionBase

_FRAMES = ('3a', '3b')  # blocks that both parts share, with the first half of 3c
_ABOVE = tuple(BLOCKS)[2:]


@MODELS.register_module()
class ECO(InceptionBase):
    """The backbone of ECO, full or Lite; :class:`ECOHead` classifies what it gives.

    Args:
        num_segments: T, frames in a clip, a multiple of 4.
        lite: whether the 3D network stands alone, without the rest of BNInception beside it.
        kwargs: of :class:`InceptionBase`. ``pretrained`` may be a BNInception, too: the 3D network starts
            as initialised then.

    Raises:
        UserError: if T is no multiple of 4.
    """

    def __init__(self, num_segments: int, lite: bool = False, **kwargs) -> None:
        if num_segments % 4:
            raise UserError(
                f'ECO halves the frames of a clip twice, so their number must be a multiple of 4; got '
                f'num_segments={num_segments}'
            )
        super().__init__(**kwargs)
        self.num_segments = num_segments
        self.lite = lite
        channels = self.add_stem()
        for name in _FRAMES:
            channels = self.add_block(name, channels)
        if lite:
            self.add_start_of_double('3c', channels)
        else:
            for name in _ABOVE:
                channels = self.add_block(name, channels)
        self._add_resnet()
        self.freeze_norm()

    def _add_resnet(self) -> None:
        """Names of the release: ``res{stage}{block}_{convolution}``; a stage begins with a ``down``."""
        self._add_conv3d('res3a_2', 96, 128, 'res3a_bn')
        self._add_block3d('res3b', 128)
        for stage, channels in ((4, 256), (5, 512)):
            first = f'res{stage}a'
            self._add_conv3d(f'{first}_1', channels // 2, channels, f'{first}_1_bn', stride=2)
            self._add_conv3d(f'{first}_2', channels, channels, f'{first}_bn')
            self._add_conv3d(f'{first}_down', channels // 2, channels, None, stride=2)
            self._add_block3d(f'res{stage}b', channels)

    def _add_block3d(self, name: str, channels: int) -> None:
        self._add_conv3d(f'{name}_1', channels, channels, f'{name}_1_bn')
        self._add_conv3d(f'{name}_2', channels, channels, f'{name}_bn')

    def _add_conv3d(
        self, name: str, in_channels: int, out_channels: int, norm: str | None, stride: int = 1
    ) -> None:
        self.add_module(name, nn.Conv3d(in_channels, out_channels, 3, stride, 1))
        if norm:
            self.add_module(norm, nn.BatchNorm3d(out_channels))

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Frames ``[N*T, C, H, W]`` -> clips ``[N, 512, T / 4, h, w]``.

        The full network gives ``(frames, clips)``, the former ``[N*T, 1024, H / 32, W / 32]``.

        Raises:
            UserError: if the frames are no whole clips.
        """
        if len(x) % self.num_segments:
            raise UserError(
                f'got {len(x)} frames, no whole clips of num_segments={self.num_segments}; set num_clips '
                'of the pipelines and num_segments of the backbone to the same number'
            )
        x = self.stem(x)
        for name in _FRAMES:
            x = self.block(name, x)
        double = self.start_of_double('3c', x)
        clips = self._resnet(double.unflatten(0, (-1, self.num_segments)).transpose(1, 2))
        if self.lite:
            return clips
        x = self.block('3c', x, double)
        for name in _ABOVE[1:]:
            x = self.block(name, x)
        return x, clips

    def _resnet(self, x: Tensor) -> Tensor:
        """``[N, 96, T, h, w]`` -> ``[N, 512, T / 4, h / 4, w / 4]``; shortcuts start before BatchNorm."""
        x = self.res3a_2(x)
        x = self._block3d('res3b', x, self._norm('res3a_bn', x))
        for stage in (4, 5):
            first = f'res{stage}a'
            normed = self._norm(f'res{stage - 1}b_bn', x)
            hidden = self._norm(f'{first}_1_bn', self.get_submodule(f'{first}_1')(normed))
            down = self.get_submodule(f'{first}_down')(normed)
            x = self.get_submodule(f'{first}_2')(hidden) + down
            x = self._block3d(f'res{stage}b', x, self._norm(f'{first}_bn', x))
        return self._norm('res5b_bn', x)

    def _block3d(self, name: str, shortcut: Tensor, x: Tensor) -> Tensor:
        hidden = self._norm(f'{name}_1_bn', self.get_submodule(f'{name}_1')(x))
        return self.get_submodule(f'{name}_2')(hidden) + shortcut

    def _norm(self, name: str, x: Tensor) -> Tensor:
        return self.get_submodule(name)(x).relu_()
