"""Interlace networks of other libraries in a process of its own, and print the results as JSON."""

from tests.models.zoo import LIBRARIES, build, relative, temporal, torchvision

# isort: split
# First the zoo: mmtin imports MMAction2, that MMPretrain, and that torchvision, as the zoo makes it work.
import copy
import json
import sys

import torch
from torch import nn

from mmtin.models import TINResNet, interlace_
from tests.docs.code_blocks import run_python
from tests.models.foreign_families import families

T = 4
SAME_AS_OURS = {'resnet18': 18, 'resnet50': 50}
VARIANTS = {
    'torchvision': ['wide_resnet50_2', 'resnext50_32x4d'],
    'timm': ['resnet50d', 'seresnet50', 'resnetv2_50', 'resnetaa50', 'resnet50_gn'],
}


def gradients_of(loss: torch.Tensor, model: nn.Module, first_conv: nn.Conv2d) -> list[torch.Tensor]:
    net = temporal(model)[0]
    return torch.autograd.grad(
        loss, [first_conv.weight, net.offset_net.fc2.weight, net.weight_net.conv.weight]
    )


def compare_with_ours(library: str, name: str) -> dict:
    model = build(library, name)
    before = copy.deepcopy(model.state_dict())
    ours = TINResNet(SAME_AS_OURS[name], num_segments=T).eval()
    ours.load_state_dict(before, strict=False)
    same = interlace_(model, num_segments=T)
    for theirs, mine in zip(temporal(model), temporal(ours), strict=True):
        mine.load_state_dict(theirs.state_dict())

    kept = {
        key.replace('.net2.', '.'): value
        for key, value in model.state_dict().items()
        if '.net1.' not in key
    }
    frames = torch.randn(2 * T, 3, 64, 64)
    scores, expected = model(frames), model.fc(ours(frames).mean((2, 3)))
    backwards = model(frames.unflatten(0, (2, T)).flip(1).flatten(0, 1)).unflatten(0, (2, T)).flip(1)
    gradients = zip(
        gradients_of(scores.square().sum(), model, model.layer1[0].conv1.net2),
        gradients_of(expected.square().sum(), ours, ours.layer1[0].conv1.conv.net2),
    )
    return dict(
        same_module=same is model,
        weights_kept=kept.keys() == before.keys() and all(kept[key].equal(before[key]) for key in before),
        shape=list(scores.shape),
        difference=relative(scores, expected),
        gradient_difference=max(relative(theirs, mine) for theirs, mine in gradients),
        order_of_frames_matters=relative(backwards.flatten(0, 1), scores),
    )


def interlaced_blocks(library: str, name: str) -> dict:
    model = interlace_(build(library, name), num_segments=T)
    with torch.inference_mode():
        scores = model(torch.randn(T, 3, 64, 64))
    return dict(blocks=len(temporal(model)), shape=list(scores.shape), finite=bool(scores.isfinite().all()))


class ScoreClips(nn.Module):
    """``[N, T, 3, H, W]`` -> ``[N, classes]``, as the docstring of interlace_ says."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.model(clips.flatten(0, 1)).unflatten(0, (-1, T)).mean(dim=1)


def shape_in_the_guide() -> list[int]:
    """Run the example of docs/guides/swap.md, with weights of its own for those of ImageNet."""
    torchvision.models.WeightsEnum.get_state_dict = lambda *_, **__: (
        torchvision.models.resnet50().state_dict()
    )
    names = run_python('guides/swap.md', dict(clips=torch.randn(2, 8, 3, 64, 64)), only=slice(2, 3))
    return list(names['scores'].shape)


@torch.no_grad()
def exported_and_compiled() -> dict:
    model = ScoreClips(interlace_(build('torchvision', 'resnet18'), num_segments=T))
    clips = torch.randn(3, T, 3, 32, 32)
    expected = model(clips)
    program = torch.export.export(model, (clips[:2],), dynamic_shapes=({0: torch.export.Dim('clips')},))
    return dict(
        exported=relative(program.module()(clips), expected),
        exported_one_clip=relative(program.module()(clips[:1]), expected[:1]),
        compiled=relative(torch.compile(model, backend='eager', fullgraph=True)(clips), expected),
    )


def refused(library: str, name: str) -> str:
    try:
        interlace_(LIBRARIES[library](name), num_segments=T)
    except ValueError as error:
        return str(error)
    return ''


if __name__ == '__main__':
    torch.manual_seed(0)
    results = dict(
        ours={f'{lib} {name}': compare_with_ours(lib, name) for lib in LIBRARIES for name in SAME_AS_OURS},
        variants={
            f'{lib} {name}': interlaced_blocks(lib, name) for lib in VARIANTS for name in VARIANTS[lib]
        },
        deployed=exported_and_compiled(),
        in_the_guide=shape_in_the_guide(),
        refused={name: refused('torchvision', name) for name in ('densenet121', 'shufflenet_v2_x0_5')},
        families=families(),
    )
    json.dump(results, sys.stdout)
