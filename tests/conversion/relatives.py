"""Networks related to TINResNet, with the names of weights of their own software."""

import re

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmtin.ops.reference import temporal_interlace

BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


class Block(nn.Module):
    """torchvision's BasicBlock, and with ``bottleneck`` its Bottleneck."""

    def __init__(self, channels: int, width: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        out = 4 * width if bottleneck else width
        # Kernel size, stride and output of each convolution.
        steps = [(1, 1, width), (3, stride, width), (1, 1, out)] if bottleneck else None
        channels_in = channels
        for i, (size, step, channels_out) in enumerate(steps or [(3, stride, out), (3, 1, out)], 1):
            conv = nn.Conv2d(channels_in, channels_out, size, step, size // 2, bias=False)
            self.add_module(f'conv{i}', conv)
            self.add_module(f'bn{i}', nn.BatchNorm2d(channels_out))
            channels_in = channels_out
        self.downsample = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        if hasattr(self, 'conv3'):
            out = self.bn3(self.conv3(out.relu()))
        return (out + (x if self.downsample is None else self.downsample(x))).relu()


class TorchvisionResNet(nn.Module):
    def __init__(self, depth: int, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels, bottleneck = 64, depth >= 50
        for stage, count in enumerate(BLOCKS[depth]):
            blocks = []
            for i in range(count):
                width = 64 * 2**stage
                blocks.append(Block(channels, width, 2 if stage and not i else 1, bottleneck))
                channels = width * (4 if bottleneck else 1)
            self.add_module(f'layer{stage + 1}', nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, num_classes)

    def stages(self) -> list[nn.Sequential]:
        return [self.layer1, self.layer2, self.layer3, self.layer4]

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        for stage in self.stages():
            x = stage(x)
        return self.fc(x.mean((2, 3)))


class OffsetLayers(nn.Module):
    """BiasConvFc2Net of deepcs233/TIN and X-Temporal."""

    def __init__(self, channels: int, num_segments: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, 1, 3, padding=1)
        self.fc = nn.Linear(num_segments, num_segments)
        self.lastlayer = nn.Linear(num_segments, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.lastlayer(self.fc(self.conv(x).flatten(1)).relu())


class Deform(nn.Module):
    """TemporalDeform of the paper's authors: offsets within 2 frames, whatever T is."""

    def __init__(self, channels: int, num_segments: int) -> None:
        super().__init__()
        self.num_segments, self.fold = num_segments, channels // 4
        self.biasnet, self.weightnet = nn.Module(), nn.Module()
        self.biasnet.net = OffsetLayers(self.fold, num_segments)
        self.weightnet.net = nn.Module()
        self.weightnet.net.lastlayer = nn.Conv1d(self.fold, 2, 3, padding=1)

    def offsets(self, descriptor: Tensor) -> Tensor:
        return 4 * (self.biasnet.net(descriptor).sigmoid() - 0.5)

    def forward(self, x: Tensor) -> Tensor:
        clips = x.unflatten(0, (-1, self.num_segments))
        moving = clips[:, :, : self.fold]
        descriptor = moving.mean((3, 4)).transpose(1, 2)
        offset = self.offsets(descriptor)
        weight = 2 * self.weightnet.net.lastlayer(descriptor).sigmoid().transpose(1, 2)
        moved = temporal_interlace(moving, torch.cat([offset, -offset], 1), torch.cat([weight, weight], 2))
        return torch.cat([moved, clips[:, :, self.fold :]], 2).flatten(0, 1)


class Combined(nn.Module):
    def __init__(self, net1: nn.Module, net2: nn.Module) -> None:
        super().__init__()
        self.net1, self.net2 = net1, net2

    def forward(self, x: Tensor) -> Tensor:
        return self.net2(self.net1(x))


class Shifted(nn.Module):
    """TemporalShift of TSM: 1/8 of the channels from the next frame, 1/8 from the one before."""

    def __init__(self, net: nn.Module, num_segments: int) -> None:
        super().__init__()
        self.net, self.num_segments = net, num_segments

    def forward(self, x: Tensor) -> Tensor:
        clips = x.unflatten(0, (-1, self.num_segments))
        fold, out = clips.shape[2] // 8, torch.zeros_like(clips)
        out[:, :-1, :fold] = clips[:, 1:, :fold]
        out[:, 1:, fold : 2 * fold] = clips[:, :-1, fold : 2 * fold]
        out[:, :, 2 * fold :] = clips[:, :, 2 * fold :]
        return self.net(out.flatten(0, 1))


class NonLocal(nn.Module):
    """The non-local block of TSM's release, an embedded Gaussian over every second row and column."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.g, self.phi = (
            nn.Sequential(nn.Conv3d(channels, channels // 2, 1), nn.MaxPool3d((1, 2, 2))) for _ in range(2)
        )
        self.theta = nn.Conv3d(channels, channels // 2, 1)
        self.W = nn.Sequential(nn.Conv3d(channels // 2, channels, 1), nn.BatchNorm3d(channels))

    def forward(self, x: Tensor) -> Tensor:
        theta, phi, g = (layer(x).flatten(2) for layer in (self.theta, self.phi, self.g))
        attention = torch.einsum('ncq,nck->nqk', theta, phi).softmax(-1)
        return x + self.W(torch.einsum('nqk,nck->ncq', attention, g).unflatten(2, x.shape[2:]))


class WithNonLocal(nn.Module):
    """NL3DWrapper of TSM's release."""

    def __init__(self, block: nn.Module, num_segments: int) -> None:
        super().__init__()
        self.block, self.num_segments = block, num_segments
        self.nl = NonLocal(block.bn3.num_features)

    def forward(self, x: Tensor) -> Tensor:
        clips = self.block(x).unflatten(0, (-1, self.num_segments)).transpose(1, 2)
        return self.nl(clips).transpose(1, 2).flatten(0, 1)


class TSN(nn.Module):
    """The recognizer of TSM's release, deepcs233/TIN and X-Temporal; ``every`` is TSM's n_round."""

    def __init__(
        self,
        depth: int,
        num_segments: int,
        temporal: str,
        num_classes: int,
        every: int = 1,
        non_local: tuple[tuple[int, int], ...] = (),
    ) -> None:
        super().__init__()
        self.num_segments = num_segments
        self.base_model = TorchvisionResNet(depth)
        self.new_fc = nn.Linear(self.base_model.fc.in_features, num_classes)
        self.base_model.fc = nn.Identity()
        for stage in self.base_model.stages():
            for block in stage[::every]:
                if temporal == 'TIN':
                    block.conv1 = Combined(Deform(block.conv1.in_channels, num_segments), block.conv1)
                elif temporal == 'TSM':
                    block.conv1 = Shifted(block.conv1, num_segments)
        for stage, block in non_local:
            blocks = self.base_model.stages()[stage]
            blocks[block] = WithNonLocal(blocks[block], num_segments)

    def forward(self, x: Tensor) -> Tensor:
        return self.new_fc(self.base_model(x)).unflatten(0, (-1, self.num_segments)).mean(1)


class Averaged(nn.Module):
    """An image classifier on the frames of a clip."""

    def __init__(self, frames: nn.Module, num_segments: int) -> None:
        super().__init__()
        self.frames, self.num_segments = frames, num_segments

    def forward(self, x: Tensor) -> Tensor:
        return self.frames(x).unflatten(0, (-1, self.num_segments)).mean(1)


def mmaction2(backbone: dict, num_segments: int, num_classes: int, channels: int) -> nn.Module:
    """A recognizer of MMAction2 itself."""
    head = {'type': 'TSMHead', 'num_classes': num_classes, 'in_channels': channels, 'is_shift': False}
    return MODELS.build(
        {
            'type': 'Recognizer2D',
            'backbone': backbone,
            'cls_head': {**head, 'num_segments': num_segments},
            'data_preprocessor': {'type': 'ActionDataPreprocessor'},
        }
    )


def mmaction2_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of the authors' TIN as MMAction2's ResNetTIN names it."""
    names = (
        (r'^base_model\.', 'backbone.'),
        (r'^new_fc', 'cls_head.fc_cls'),
        (r'\bbn(\d)\.', r'conv\1.bn.'),
        (r'(conv\d)\.weight$', r'\1.conv.weight'),
        (r'conv1\.net', 'conv1.conv.net'),
        (r'downsample\.0', 'downsample.conv'),
        (r'downsample\.1', 'downsample.bn'),
        (r'biasnet\.net\.conv', 'offset_net.conv'),
        (r'biasnet\.net\.fc', 'offset_net.fc1'),
        (r'biasnet\.net\.lastlayer', 'offset_net.fc2'),
        (r'weightnet\.net\.lastlayer', 'weight_net.conv'),
    )
    renamed = {}
    for key, value in weights.items():
        for pattern, name in names:
            key = re.sub(pattern, name, key)
        renamed[key] = value
    return renamed


def frames(clips: int, num_segments: int) -> Tensor:
    """Frames ``[N*T, 3, 32, 32]`` of different brightness and colour, by which to tell their order."""
    return torch.randn(clips * num_segments, 3, 32, 32) + 2 * torch.randn(clips * num_segments, 3, 1, 1)


def scores(recognizer: nn.Module, frames: Tensor) -> Tensor:
    """``[N, classes]`` before the softmax, of a recognizer of MMAction2 or of one of the above."""
    if hasattr(recognizer, 'cls_head'):
        return recognizer.cls_head(recognizer.backbone(frames), frames.shape[0])
    return recognizer(frames)


@torch.no_grad()
def randomise(network: nn.Module, num_segments: int) -> nn.Module:
    """Set weights that no initialisation gives and statistics of activations; return it in eval mode."""
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1)
        nn.init.normal_(norm.bias, std=0.1)
        norm.momentum = 1
    for module in network.modules():
        if isinstance(module, OffsetLayers):
            # Large enough for offsets that differ from clip to clip.
            nn.init.normal_(module.conv.weight, std=0.2)
            nn.init.orthogonal_(module.fc.weight)
            nn.init.orthogonal_(module.lastlayer.weight)
    scores(network.train(), frames(4, num_segments))
    return network.eval()
