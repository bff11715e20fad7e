"""TIN for 2D ResNets of other libraries: torchvision's, timm's and those built like them."""

from collections.abc import Iterator

from torch import nn

from mmtin.errors import UserError
from mmtin.models.interlaced_conv import InterlacedConv
from mmtin.models.temporal_interlace import TemporalInterlace


def interlace_(
    model: nn.Module,
    num_segments: int = 8,
    shift_div: int = 4,
    groups: int = 2,
    reverse: bool = True,
    max_offset: float | None = None,
    initial_offset: float = 1.0,
) -> nn.Module:
    """Interlace frames before the first convolution of every residual block, in place.

    The network then takes clips, frame after frame, as one batch ``[N*T, 3, H, W]`` and scores each
    frame as before, ``[N*T, classes]``. A clip's scores are their mean::

        model = interlace_(torchvision.models.resnet50(weights='DEFAULT'), num_segments=8)
        scores = model(clips.flatten(0, 1)).unflatten(0, (-1, 8)).mean(dim=1)  # clips [N, T, 3, H, W]

    Its weights stay; only the offset and weight networks are new, under ``conv1.net1``, and ``conv1`` is
    found under ``conv1.net2``. Give the optimizer the parameters after this call, not before.

    Args:
        model: a network of residual blocks as torchvision and timm build them, wide, grouped or with
            attention: modules with a convolution ``conv1`` and a ``downsample``, which may be None.
        num_segments: T, frames in a clip.
        shift_div: one in ``shift_div`` channels is interlaced.
        groups: learned offsets in each block.
        reverse: whether each learned offset also moves a second group of channels the other way.
        max_offset: R, the largest offset in frames; None means ``num_segments / 2`` as in the paper.
        initial_offset: frames that every group starts with.

    Returns:
        The same module.

    Raises:
        UserError: if no block is found, the model interlaces already, or an argument does not fit its
            channels; the model is then as it was.
    """
    if any(isinstance(module, TemporalInterlace) for module in model.modules()):
        raise UserError('this network interlaces frames already; build it anew to change how')
    blocks = list(_residual_blocks(model))
    if not blocks:
        raise UserError(
            f'{type(model).__name__} has no residual block with a convolution conv1 and a downsample, such '
            'as the ResNets of torchvision and timm have; in an MMAction2 config use the TINResNet backbone'
        )
    interlaces = [
        TemporalInterlace(
            conv.in_channels, num_segments, shift_div, groups, reverse, max_offset, initial_offset
        )
        for _, conv in blocks
    ]
    for (block, conv), interlace in zip(blocks, interlaces):
        block.conv1 = InterlacedConv(interlace.to(conv.weight.device, conv.weight.dtype), conv)
    return model


def _residual_blocks(model: nn.Module) -> Iterator[tuple[nn.Module, nn.Conv2d]]:
    """Each block with its ``conv1``. The stem of a ResNet has one too, but no shortcut to adapt."""
    for module in model.modules():
        conv = getattr(module, 'conv1', None)
        if isinstance(conv, nn.Conv2d) and hasattr(module, 'downsample'):
            yield module, conv
