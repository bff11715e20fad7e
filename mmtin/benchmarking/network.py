"""The networks that are measured: TIN, the same trunk with no temporal module, TSM, MMAction2's TIN.

Inputs are normalised frames, already on the device. Inference is eval mode under ``torch.no_grad``, as in
MMAction2's test loop; a training step is forward, cross entropy, backward and SGD with momentum. Other
dtypes than float32 convert the weights for inference and are autocast for training, as mmengine's
AmpOptimWrapper does.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mmtin.benchmarking.composed import compose

BACKBONES = {'tsn': 'ResNet', 'tsm': 'ResNetTSM', 'mmaction2': 'ResNetTIN', 'tin': 'TINResNet'}
LAYOUTS = {'nchw': torch.contiguous_format, 'channels_last': torch.channels_last}
FAST = 'tin fast'

# The only values in MMAction2's TIN; the same weights must fit both.
_TIN = dict(shift_div=4, max_offset=2.0)
_NUM_CLASSES = 174


@dataclass(frozen=True)
class Case:
    """One size: ``clips`` of ``frames`` frames through a ResNet of ``depth`` layers."""

    mode: str  # inference or train
    depth: int = 50
    frames: int = 8
    clips: int = 1


@dataclass(frozen=True)
class Setting:
    """The settings that all cases of a table share."""

    layouts: tuple[str, ...] = ('nchw', 'channels_last')
    size: int = 224  # pixels
    dtype: torch.dtype = torch.float32
    device: str = 'cpu'
    frozen_norm: bool = True  # BatchNorm as in mmtin's configs: statistics and affine parameters stay

    def frames(self, case: Case, layout: str) -> Tensor:
        """``[N, T, 3, H, W]``, the same on every call."""
        random = torch.Generator().manual_seed(0)
        frames = torch.randn(case.clips * case.frames, 3, self.size, self.size, generator=random)
        frames = frames.to(self.device, memory_format=LAYOUTS[layout])
        return frames.unflatten(0, (case.clips, case.frames))

    def labels(self, case: Case) -> Tensor:
        """``[N]``, one class per clip."""
        return torch.arange(case.clips, device=self.device) % _NUM_CLASSES


def sweep(case: Case) -> list[Case]:
    """Cases that vary clips, frames and depth, one at a time, to show how cost grows."""
    return [
        *(replace(case, clips=clips) for clips in (1, 4, 16)),
        *(replace(case, frames=frames) for frames in (8, 16, 32)),
        *(replace(case, depth=depth) for depth in (18, 50, 101)),
    ]


def build(name: str, case: Case, setting: Setting, composed: bool = False) -> nn.Module:
    """A recognizer with weights that are the same on every call, in eval mode.

    Args:
        name: one of :data:`BACKBONES`.
        composed: use MMAction2's TIN with operators that run anywhere, see
            :mod:`mmtin.benchmarking.composed`.
    """
    init_default_scope('mmaction')
    torch.manual_seed(0)
    backbone = dict(type=BACKBONES[name], depth=case.depth, norm_eval=setting.frozen_norm)
    backbone['norm_cfg'] = dict(type='BN2d', requires_grad=not setting.frozen_norm)
    if name != 'tsn':
        backbone.update(num_segments=case.frames, pretrained2d=False)
    if name == 'tin':
        backbone.update(_TIN)
    if name == 'mmaction2':
        backbone.update(shift_div=_TIN['shift_div'])
    head = dict(
        type='TSMHead',
        num_classes=_NUM_CLASSES,
        in_channels=512 if case.depth < 50 else 2048,
        num_segments=case.frames,
        is_shift=False,
        dropout_ratio=0,
    )
    model = MODELS.build(dict(type='Recognizer2D', backbone=backbone, cls_head=head))
    if composed:
        compose(model.backbone)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # Offsets and weights that differ from group to group, as after training.
            if key.endswith(('offset_net.fc2.bias', 'weight_net.conv.bias')):
                parameter.normal_()
    return model.to(setting.device).eval()


def scores(model: nn.Module, frames: Tensor) -> Tensor:
    """``[N, T, 3, H, W]`` -> ``[N, classes]``."""
    return model.extract_feat(frames, stage='head')[0]


def inference(model: nn.Module, setting: Setting, frames: Tensor) -> Callable[[], Tensor]:
    """A call that classifies ``frames``."""
    model = model.to(setting.dtype).eval()
    frames = frames.to(setting.dtype)

    def infer() -> Tensor:
        with torch.no_grad():
            return scores(model, frames)

    return infer


def training_step(
    model: nn.Module, setting: Setting, frames: Tensor, labels: Tensor
) -> Callable[[], object]:
    """A call that updates the weights of ``model`` once."""
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-4, momentum=0.9, weight_decay=5e-4)
    device_type = torch.device(setting.device).type
    mixed = setting.dtype != torch.float32

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device_type, setting.dtype if mixed else None, enabled=mixed):
            loss = F.cross_entropy(scores(model, frames).float(), labels)
        loss.backward()
        optimizer.step()

    return step


def subject(name: str, case: Case, setting: Setting, layout: str) -> Callable[[], object]:
    """The call of a subject: one of :data:`BACKBONES` or :data:`FAST`."""
    if name == FAST:
        return inference(fastest(build('tin', case, setting)), setting, setting.frames(case, 'nchw'))
    composed = name == 'mmaction2' and torch.device(setting.device).type != 'cuda'
    model = build(name, case, setting, composed).to(memory_format=LAYOUTS[layout])
    frames = setting.frames(case, layout)
    if case.mode == 'inference':
        return inference(model, setting, frames)
    return training_step(model, setting, frames, setting.labels(case))


def fastest(model: nn.Module) -> nn.Module:
    """The fastest exact inference that TINResNet offers; it may choose its own memory layout."""
    backbone = model.backbone.fuse_for_inference()
    if backbone is not None:
        model.backbone = backbone
    return model
