"""BNInception, the network of images of TSN, TRN and ECO (Ioffe and Szegedy 2015, as Caffe has it)."""

from typing import NamedTuple

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional

from mmtin.peers.releases import load_backbone


class Block(NamedTuple):
    """Channels of an inception block; one that lacks ``conv1`` and ``project`` halves height and width.

    Attributes:
        conv1: of the branch of one 1x1 convolution.
        conv3: of the branch of a 1x1 and a 3x3 convolution.
        double: of the branch of a 1x1 and two 3x3 convolutions.
        pool: kind of the branch that pools: 'avg' or 'max'.
        project: of the 1x1 convolution behind the pool.
    """

    conv1: int | None
    conv3: tuple[int, int]
    double: tuple[int, int, int]
    pool: str
    project: int | None


BLOCKS = {
    '3a': Block(64, (64, 64), (64, 96, 96), 'avg', 32),
    '3b': Block(64, (64, 96), (64, 96, 96), 'avg', 64),
    '3c': Block(None, (128, 160), (64, 96, 96), 'max', None),
    '4a': Block(224, (64, 96), (96, 128, 128), 'avg', 128),
    '4b': Block(192, (96, 128), (96, 128, 128), 'avg', 128),
    '4c': Block(160, (128, 160), (128, 160, 160), 'avg', 128),
    '4d': Block(96, (128, 192), (160, 192, 192), 'avg', 128),
    '4e': Block(None, (128, 192), (192, 256, 256), 'max', None),
    '5a': Block(352, (192, 320), (160, 224, 224), 'avg', 128),
    '5b': Block(352, (192, 320), (192, 224, 224), 'max', 128),
}


class InceptionBase(BaseModule):
    """Convolutions with bias and BatchNorm, named as in Caffe's model, and the blocks made of them.

    Args:
        in_channels: of a frame: 3 of RGB, BGR in 0..255 less (104, 117, 128); 10 of 5 pairs of flow.
        partial_bn: whether all BatchNorm of frames but the first keeps its statistics and affine
            parameters, as in TSN.
        pretrained: path or address of weights to start from, with the names of Cadene's and yjxiong's
            BNInception, or of a release of TSN, TRN or ECO. All of the network must be there.
        init_cfg: as of every module of mmengine.
    """

    def __init__(
        self,
        in_channels: int = 3,
        partial_bn: bool = False,
        pretrained: str | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(
            init_cfg
            or [
                dict(type='Kaiming', layer=['Conv2d', 'Conv3d']),
                dict(type='Constant', layer=['_BatchNorm'], val=1),
            ]
        )
        self.in_channels = in_channels
        self.partial_bn = partial_bn
        self.pretrained = pretrained

    def init_weights(self) -> None:
        """Initialise, then load ``pretrained`` if given."""
        super().init_weights()
        if self.pretrained:
            load_backbone(self, self.pretrained, self.in_channels)

    def freeze_norm(self) -> None:
        """Do what ``partial_bn`` says once all layers are there: the optimizer asks before training."""
        if self.partial_bn:
            for norm in self._frozen():
                norm.requires_grad_(False)

    def train(self, mode: bool = True) -> 'InceptionBase':
        """Set the mode; frozen BatchNorm stays in that of inference."""
        super().train(mode)
        if mode and self.partial_bn:
            for norm in self._frozen():
                norm.eval()
        return self

    def _frozen(self) -> list[nn.BatchNorm2d]:
        return [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)][1:]

    def add_conv(
        self, name: str, in_channels: int, out_channels: int, kernel: int, stride: int = 1
    ) -> None:
        """A convolution called ``name`` and its BatchNorm."""
        conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2)
        self.add_module(name, conv)
        self.add_module(f'{name}_bn', nn.BatchNorm2d(out_channels))

    def conv(self, name: str, x: Tensor) -> Tensor:
        """Convolution, BatchNorm and ReLU."""
        return self.get_submodule(f'{name}_bn')(self.get_submodule(name)(x)).relu_()

    def add_stem(self) -> int:
        """The convolutions before the blocks; returns their channels."""
        self.add_conv('conv1_7x7_s2', self.in_channels, 64, 7, stride=2)
        self.add_conv('conv2_3x3_reduce', 64, 64, 1)
        self.add_conv('conv2_3x3', 64, 192, 3)
        return 192

    def stem(self, x: Tensor) -> Tensor:
        """``[B, C, H, W]`` -> ``[B, 192, H / 8, W / 8]``."""
        x = _halve(self.conv('conv1_7x7_s2', x))
        return _halve(self.conv('conv2_3x3', self.conv('conv2_3x3_reduce', x)))

    def add_block(self, name: str, in_channels: int) -> int:
        """An inception block; returns its channels."""
        block, prefix = BLOCKS[name], f'inception_{name}_'
        halves = block.conv1 is None
        out_channels = block.conv3[-1] + block.double[-1]
        if block.conv1:
            self.add_conv(f'{prefix}1x1', in_channels, block.conv1, 1)
            out_channels += block.conv1
        self.add_conv(f'{prefix}3x3_reduce', in_channels, block.conv3[0], 1)
        self.add_conv(f'{prefix}3x3', *block.conv3, 3, stride=2 if halves else 1)
        self.add_start_of_double(name, in_channels)
        self.add_conv(f'{prefix}double_3x3_2', *block.double[1:], 3, stride=2 if halves else 1)
        if block.project:
            self.add_conv(f'{prefix}pool_proj', in_channels, block.project, 1)
        return out_channels + (block.project or in_channels)

    def add_start_of_double(self, name: str, in_channels: int) -> None:
        """What :meth:`start_of_double` takes of a block."""
        reduced, out_channels, _ = BLOCKS[name].double
        self.add_conv(f'inception_{name}_double_3x3_reduce', in_channels, reduced, 1)
        self.add_conv(f'inception_{name}_double_3x3_1', reduced, out_channels, 3)

    def start_of_double(self, name: str, x: Tensor) -> Tensor:
        """The branch of two 3x3 convolutions up to the first."""
        x = self.conv(f'inception_{name}_double_3x3_reduce', x)
        return self.conv(f'inception_{name}_double_3x3_1', x)

    def block(self, name: str, x: Tensor, start_of_double: Tensor | None = None) -> Tensor:
        """An inception block, on what :meth:`start_of_double` gave if that was computed before."""
        block, prefix = BLOCKS[name], f'inception_{name}_'
        double = self.start_of_double(name, x) if start_of_double is None else start_of_double
        branches = [self.conv(f'{prefix}1x1', x)] if block.conv1 else []
        branches += [
            self.conv(f'{prefix}3x3', self.conv(f'{prefix}3x3_reduce', x)),
            self.conv(f'{prefix}double_3x3_2', double),
        ]
        if not block.project:
            return torch.cat([*branches, _halve(x)], 1)
        pool = functional.avg_pool2d if block.pool == 'avg' else functional.max_pool2d
        return torch.cat([*branches, self.conv(f'{prefix}pool_proj', pool(x, 3, 1, 1))], 1)


@MODELS.register_module()
class BNInception(InceptionBase):
    """The backbone of TSN and TRN: frames ``[N*T, C, H, W]`` -> ``[N*T, 1024, H / 32, W / 32]``.

    Args:
        kwargs: of :class:`InceptionBase`.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        channels = self.add_stem()
        for name in BLOCKS:
            channels = self.add_block(name, channels)
        self.freeze_norm()

    def forward(self, x: Tensor) -> Tensor:
        """Features of each frame."""
        x = self.stem(x)
        for name in BLOCKS:
            x = self.block(name, x)
        return x


def _halve(x: Tensor) -> Tensor:
    """Caffe's pooling counts what hangs over the edge."""
    return functional.max_pool2d(x, 3, 2, ceil_mode=True)
