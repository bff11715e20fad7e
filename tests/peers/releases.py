"""BNInception and ECO as their releases are: names and shapes of the weights, and what is computed of them.

Written from the layers of Caffe's models, apart from ``mmtin.peers``: made-up weights of these names show
whether the networks there are the released ones.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

STEM = 'conv1_7x7_s2 3 64 7, conv2_3x3_reduce 64 64 1, conv2_3x3 64 192 3'
# Branches: the last parts of the names and the channels that come out; /2: they halve height and width.
BLOCKS = """
3a 192    | 1x1 64  | 3x3_reduce 64, 3x3 64   | double_3x3_reduce 64, double_3x3_1 96, double_3x3_2 96    | avg, pool_proj 32
3b 256    | 1x1 64  | 3x3_reduce 64, 3x3 96   | double_3x3_reduce 64, double_3x3_1 96, double_3x3_2 96    | avg, pool_proj 64
3c 320 /2 |           3x3_reduce 128, 3x3 160 | double_3x3_reduce 64, double_3x3_1 96, double_3x3_2 96    | max
4a 576    | 1x1 224 | 3x3_reduce 64, 3x3 96   | double_3x3_reduce 96, double_3x3_1 128, double_3x3_2 128  | avg, pool_proj 128
4b 576    | 1x1 192 | 3x3_reduce 96, 3x3 128  | double_3x3_reduce 96, double_3x3_1 128, double_3x3_2 128  | avg, pool_proj 128
4c 576    | 1x1 160 | 3x3_reduce 128, 3x3 160 | double_3x3_reduce 128, double_3x3_1 160, double_3x3_2 160 | avg, pool_proj 128
4d 608    | 1x1 96  | 3x3_reduce 128, 3x3 192 | double_3x3_reduce 160, double_3x3_1 192, double_3x3_2 192 | avg, pool_proj 128
4e 608 /2 |           3x3_reduce 128, 3x3 192 | double_3x3_reduce 192, double_3x3_1 256, double_3x3_2 256 | max
5a 1056   | 1x1 352 | 3x3_reduce 192, 3x3 320 | double_3x3_reduce 160, double_3x3_1 224, double_3x3_2 224 | avg, pool_proj 128
5b 1024   | 1x1 352 | 3x3_reduce 192, 3x3 320 | double_3x3_reduce 192, double_3x3_1 224, double_3x3_2 224 | max, pool_proj 128
"""  # noqa: E501
# name, channels in and out, BatchNorm behind it
RESNET = """
res3a_2 96 128 res3a_bn, res3b_1 128 128 res3b_1_bn, res3b_2 128 128 res3b_bn,
res4a_1 128 256 res4a_1_bn, res4a_2 256 256 res4a_bn, res4a_down 128 256,
res4b_1 256 256 res4b_1_bn, res4b_2 256 256 res4b_bn,
res5a_1 256 512 res5a_1_bn, res5a_2 512 512 res5a_bn, res5a_down 256 512,
res5b_1 512 512 res5b_1_bn, res5b_2 512 512 res5b_bn
"""

POOL = nn.MaxPool2d(3, 2, ceil_mode=True)


def _blocks() -> Iterator[tuple[str, int, bool, list[list[tuple[str, int]]]]]:
    for line in BLOCKS.strip().splitlines():
        head, *branches = line.split('|')
        name, channels, *halves = head.split()
        layers = [[layer.split() for layer in branch.split(',')] for branch in branches]
        yield name, int(channels), bool(halves), [[(n, int(*c or [0])) for n, *c in b] for b in layers]


def inception_shapes() -> dict[str, tuple[int, int, int]]:
    """Channels in and out, and the size of the kernel, of each convolution of BNInception."""
    shapes = {name: (int(i), int(o), int(k)) for name, i, o, k in map(str.split, STEM.split(','))}
    for block, channels, _, branches in _blocks():
        for branch in branches:
            inner = channels
            for name, out in branch:
                if out:
                    kernel = 3 if name in ('3x3', 'double_3x3_1', 'double_3x3_2') else 1
                    shapes[f'inception_{block}_{name}'] = inner, out, kernel
                    inner = out
    return shapes


def bn_inception() -> dict[str, Tensor]:
    """Made-up weights of BNInception, without classifier."""
    state = {}
    for name, (inner, out, kernel) in inception_shapes().items():
        state |= _conv(name, (out, inner, kernel, kernel)) | _norm(f'{name}_bn', out)
    return state


def eco(lite: bool) -> dict[str, Tensor]:
    """Made-up weights of ECO, without classifier."""
    state = bn_inception()
    if lite:
        kept = (
            'conv',
            'inception_3a',
            'inception_3b',
            'inception_3c_double_3x3_reduce',
            'inception_3c_double_3x3_1',
        )
        state = {key: value for key, value in state.items() if key.startswith(kept)}
    for name, inner, out, *norm in map(str.split, RESNET.split(',')):
        state |= _conv(name, (int(out), int(inner), 3, 3, 3))
        state |= _norm(*norm, int(out)) if norm else {}
    return state


def _conv(name: str, shape: tuple[int, ...]) -> dict[str, Tensor]:
    fan_in = torch.Size(shape[1:]).numel()
    return {f'{name}.weight': torch.randn(shape) / fan_in**0.5, f'{name}.bias': 0.1 * torch.randn(shape[0])}


def _norm(name: str, channels: int) -> dict[str, Tensor]:
    return {
        f'{name}.weight': 1 + 0.1 * torch.randn(channels),
        f'{name}.bias': 0.1 * torch.randn(channels),
        f'{name}.running_mean': 0.1 * torch.randn(channels),
        f'{name}.running_var': 0.5 + torch.rand(channels),
    }


class Released:
    """What a release computes of its weights."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        self.state = state

    def conv(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight, bias = self.state[f'{name}.weight'], self.state[f'{name}.bias']
        apply = functional.conv2d if weight.dim() == 4 else functional.conv3d
        return apply(x, weight, bias, stride, weight.shape[-1] // 2)

    def norm(self, name: str, x: Tensor) -> Tensor:
        terms = (self.state[f'{name}.{term}'] for term in ('running_mean', 'running_var', 'weight', 'bias'))
        return functional.batch_norm(x, *terms).relu()

    def layer(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        return self.norm(f'{name}_bn', self.conv(name, x, stride))

    def stem(self, x: Tensor) -> Tensor:
        x = POOL(self.layer('conv1_7x7_s2', x, 2))
        return POOL(self.layer('conv2_3x3', self.layer('conv2_3x3_reduce', x)))

    def frames(self, x: Tensor, *blocks: str) -> Tensor:
        """What these blocks of BNInception give, all if none is named."""
        for block, _, halves, branches in _blocks():
            if block in blocks or not blocks:
                x = torch.cat([self._branch(block, halves, branch, x) for branch in branches], 1)
        return x

    def _branch(self, block: str, halves: bool, branch: list[tuple[str, int]], x: Tensor) -> Tensor:
        for name, out in branch:
            if out:
                stride = 2 if halves and name in ('3x3', 'double_3x3_2') else 1
                x = self.layer(f'inception_{block}_{name}', x, stride)
            elif halves:
                x = POOL(x)
            else:
                x = (nn.AvgPool2d if name == 'avg' else nn.MaxPool2d)(3, 1, 1)(x)
        return x

    def inner(self, x: Tensor) -> Tensor:
        """Where the 3D network begins within 3c."""
        return self.layer('inception_3c_double_3x3_1', self.layer('inception_3c_double_3x3_reduce', x))

    def clips(self, x: Tensor) -> Tensor:
        """The 3D network, ``[N, 96, T, h, w]``."""
        res3a = self.conv('res3a_2', x)
        res3b = res3a + self.conv('res3b_2', self.layer('res3b_1', self.norm('res3a_bn', res3a)))
        below = self.norm('res3b_bn', res3b)
        for stage in ('res4', 'res5'):
            first = self.conv(f'{stage}a_2', self.layer(f'{stage}a_1', below, 2)) + self.conv(
                f'{stage}a_down', below, 2
            )
            second = self.conv(f'{stage}b_2', self.layer(f'{stage}b_1', self.norm(f'{stage}a_bn', first)))
            below = self.norm(f'{stage}b_bn', first + second)
        return below
