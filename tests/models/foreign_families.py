"""interlace_ on the families of networks besides ResNets."""

import copy

import torch
from mmaction.registry import MODELS
from mmengine.hub import get_config
from torch import nn

from mmtin.models import TINMobileNetV2, TINMobileOne, interlace_, stream_step
from mmtin.models.interlaced_conv import InterlacedConv
from tests.models.zoo import build, relative, temporal

T = 4
NETWORKS = {
    'torchvision': [
        'regnet_y_400mf',
        'mobilenet_v2',
        'mobilenet_v3_small',
        'efficientnet_b0',
        'efficientnet_v2_s',
        'mnasnet0_5',
        'convnext_tiny',
    ],
    'timm': [
        'regnety_004',
        'regnetz_b16',
        'nf_regnet_b0',
        'mobilenetv3_small_100',
        'mobilenetv4_conv_small',
        'mobileone_s0',
        'tf_efficientnet_b0',
        'convnextv2_atto',
    ],
}


@torch.inference_mode()
def examine(library: str, name: str) -> dict:
    model = build(library, name)
    frames = torch.randn(2 * T, 3, 64, 64)
    plain, weights = model(frames), copy.deepcopy(model.state_dict())
    interlace_(model, num_segments=T)
    scores = model(frames)
    places = [name for name, _ in model.named_modules() if name.endswith('.net1')]
    moved: list[bool] = []
    hooks = [module.register_forward_hook(_note_whether_moved(moved)) for module in temporal(model)]
    two_operations = model(frames)
    for hook in hooks:
        hook.remove()
    reloaded = model.load_state_dict(weights, strict=False)
    for module in temporal(model):
        _hold_still(module)
    return dict(
        blocks=len(places),
        first=places[0].removesuffix('.net1'),
        moved=sum(moved),
        one_operation_or_two=relative(scores, two_operations),
        held_still_or_plain=relative(model(frames), plain),
        weights_of_the_2d_network_left=sorted(reloaded.unexpected_keys)
        + [key for key in reloaded.missing_keys if '.net1.' not in key],
    )


def _note_whether_moved(moved: list[bool]):
    """A hook, for which interlacing and convolution become two operations."""
    return lambda _, inputs, output: moved.append(not output.equal(inputs[0]))


def _hold_still(module: nn.Module) -> None:
    """Offsets of no frames, weights of one."""
    for layer in (module.offset_net.fc2, module.weight_net.conv):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


@torch.inference_mode()
def step_or_clip() -> float:
    model = build('timm', 'mobilenetv3_small_100')
    interlace_(model, num_segments=T, offsets_per='frame', causal=True, reverse=False)
    frames = torch.randn(T, 3, 64, 64)
    steps, state = [], None
    for frame in frames:
        scores, state = stream_step(model, frame[None], state)
        steps.append(scores)
    return relative(torch.cat(steps), model(frames))


@torch.inference_mode()
def as_backbones() -> dict:
    """Recognizers with networks of the libraries as MMAction2 builds them, and as TINs that hold still."""
    differences = {}
    for kind in ('timm.mobilenetv3_small_100', 'torchvision.mobilenet_v2', 'torchvision.regnet_y_400mf'):
        plain, tin = (
            MODELS.build(dict(type='Recognizer2D', _scope_='mmaction', backbone=backbone)).eval()
            for backbone in (
                dict(type=kind),
                dict(type='InterlacedBackbone', backbone=dict(type=kind), num_segments=T),
            )
        )
        tin.init_weights()
        tin.load_state_dict(plain.state_dict(), strict=False)
        for module in temporal(tin):
            _hold_still(module)
        frames = torch.randn(1, T, 3, 64, 64)
        features = tin(frames, mode='tensor').mean((2, 3), keepdim=True)
        differences[kind] = relative(features, plain(frames, mode='tensor'))
    return differences


@torch.inference_mode()
def tin_mobilenet_or_torchvision() -> float:
    theirs, ours = build('torchvision', 'mobilenet_v2'), TINMobileNetV2(num_segments=T).eval()
    ours.load_state_dict(theirs.state_dict(), strict=False)
    for module in temporal(ours):
        _hold_still(module)
    frames = torch.randn(T, 3, 64, 64)
    return relative(ours(frames), theirs.features(frames))


@torch.inference_mode()
def tin_mobileone() -> dict:
    """In the place of MobileOneTSM in MMAction2's own config, without its weights of ImageNet."""
    cfg = get_config(
        'mmaction::recognition/tsm/tsm_imagenet-pretrained-mobileone-s4_8xb16-1x1x16-50e_kinetics400-rgb.py'
    )
    cfg.model.backbone.update(arch='s0', init_cfg=None, pretrained2d=False)
    cfg.model.cls_head.in_channels = 1024
    cfg.model._scope_ = 'mmaction'
    theirs = MODELS.build(cfg.model)
    cfg.model.backbone.type = 'TINMobileOne'
    ours = MODELS.build(cfg.model).eval()
    ours.load_state_dict(theirs.state_dict(), strict=False)
    places = [name for name, module in ours.named_modules() if isinstance(module, InterlacedConv)]
    frames = torch.randn(16, 3, 32, 32)
    features = ours.backbone(frames)
    # In double precision: rounding of single precision grows over the branches to some 1e-5.
    unfolded = copy.deepcopy(ours.backbone).double()
    deployed = copy.deepcopy(unfolded)
    deployed.switch_to_deploy()
    for module in temporal(ours):
        _hold_still(module)
    plain = TINMobileOne('s0', is_tin=False).eval()
    plain.load_state_dict(theirs.backbone.state_dict(), strict=False)
    return dict(
        classes=list(ours.cls_head(ours.backbone(frames), 16).shape),
        places=len(places),
        moved=relative(features, plain(frames)),
        folded_or_not=relative(deployed.double()(frames.double()), unfolded(frames.double())),
        held_still_or_plain=relative(ours.backbone(frames), plain(frames)),
    )


def families() -> dict:
    networks = {
        f'{library} {name}': examine(library, name) for library in NETWORKS for name in NETWORKS[library]
    }
    return dict(
        networks=networks,
        step_or_clip=step_or_clip(),
        as_backbones=as_backbones(),
        tin_mobilenet_or_torchvision=tin_mobilenet_or_torchvision(),
        tin_mobileone=tin_mobileone(),
    )
